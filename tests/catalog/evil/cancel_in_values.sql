-- Cancels a query in a list of values.
-- Refused: pg_cancel_backend
select v.c from (values (pg_cancel_backend(1))) v(c)
