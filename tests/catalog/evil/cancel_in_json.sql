-- Cancels a query while it makes JSON.
-- Refused: pg_cancel_backend
select json_object('a': pg_cancel_backend(1)) as c
