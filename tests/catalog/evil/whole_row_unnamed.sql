-- The row by the relation's own name.
-- Refused: pg_foreign_server takes whole or renamed rows
select to_jsonb(pg_foreign_server) as x from pg_foreign_server
