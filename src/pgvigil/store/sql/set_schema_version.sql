DELETE FROM meta WHERE name = 'schema_version';
INSERT INTO meta VALUES ('schema_version', $1)
