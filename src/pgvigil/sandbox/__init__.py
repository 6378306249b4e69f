"""A throwaway PostgreSQL with a workload: for the demo, the drills, the bench and the tests.

`binaries` finds the programs · `server` runs them · `home` keeps each server in a directory that leaves no trace ·
`account` whom it runs as · `processes`, `shared_memory`, `environment` what these need from the system.
"""
