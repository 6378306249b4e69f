-- Cancels a query in the second half of a UNION.
-- Refused: pg_cancel_backend
select true as c union all select pg_cancel_backend(1)
