INSERT INTO meta VALUES ('schema_version', $1)
