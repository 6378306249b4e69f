-- What Python takes for the end of a line the server does not.
-- Refused: control character '\u2028'
select 1 as one -- harmless where pg_terminate_backend(1)
