-- Blocks of the file, in use and free.
SELECT used_blocks, free_blocks FROM pragma_database_size() WHERE database_name = 'pgvigil'
