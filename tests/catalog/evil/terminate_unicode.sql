-- Ends a session, its name written in code points.
-- Refused: ends or cancels
select U&"pg_\0074erminate_backend"(pid) as done from pg_stat_activity
