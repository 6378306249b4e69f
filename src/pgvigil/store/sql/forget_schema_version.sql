DELETE FROM meta WHERE name = 'schema_version'
