-- Cancels a query by a function of the extension's schema.
-- Refused: pg_cancel_backend
select {extension_schema}.pg_cancel_backend(1) as c
