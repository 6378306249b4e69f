-- Writes to the catalog.
-- Refused: pg_import_system_collations
select pg_import_system_collations('pg_catalog') as n
