-- Rows of a table, and in how many blocks of the file they lie.
SELECT (SELECT count(*) FROM "{table}"),
       (SELECT count(DISTINCT block_id) FROM pragma_storage_info('{table}') WHERE block_id >= 0)
