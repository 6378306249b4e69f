-- Cancels queries in COALESCE, GREATEST and NULLIF.
-- Refused: pg_cancel_backend
select coalesce(null, greatest(nullif(pg_cancel_backend(1), true), false)) as c
