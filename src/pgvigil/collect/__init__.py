"""When to ask what, and what the answers mean as differences."""
