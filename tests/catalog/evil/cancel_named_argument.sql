-- Cancels a query by a named argument.
-- Refused: pg_cancel_backend
select pg_cancel_backend(pid => 1) as c
