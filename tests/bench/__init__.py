"""`make bench`: what the portal costs, beside what the same rows cost with nothing around them."""
