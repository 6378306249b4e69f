-- Holds the connection.
-- Refused: pg_sleep sleeps
select pg_sleep(3600) as done
