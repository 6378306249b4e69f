-- The same with another sign.
-- Refused: control character '\x85'
select 1 as one -- harmlesswhere pg_terminate_backend(1)
