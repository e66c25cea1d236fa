"""`make run`: the whole portal on one machine, with private services."""
