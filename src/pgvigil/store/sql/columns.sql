SELECT table_name, column_name, data_type
FROM duckdb_columns()
WHERE database_name = 'pgvigil' AND schema_name = 'main' AND table_name IN (
    SELECT table_name FROM duckdb_tables() WHERE database_name = 'pgvigil'
)
ORDER BY table_oid, column_index
