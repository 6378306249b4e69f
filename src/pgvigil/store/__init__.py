"""The store: DuckDB tables derived from the catalog; knows series, not PostgreSQL."""
