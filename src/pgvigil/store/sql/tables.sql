SELECT table_name FROM duckdb_tables() WHERE database_name = $1 ORDER BY table_name
