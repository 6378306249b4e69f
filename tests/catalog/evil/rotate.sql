-- Starts a new log file.
-- Refused: pg_rotate_logfile
select pg_rotate_logfile() as done
