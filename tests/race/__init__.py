"""Many readers on every surface while one takes access away, through two web processes."""
