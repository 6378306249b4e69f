"""What every test gets; the fixtures themselves live in the fix_*.py beside this file."""

from pgvigil.sandbox.environment import forget_users_environment

pytest_plugins = ["fix_house", "fix_monitor", "fix_pgbouncer", "fix_proxy", "fix_servers", "fix_soak"]

# Before anything connects: libpq reads PGHOST, PGSERVICE and their like by itself.
forget_users_environment()
