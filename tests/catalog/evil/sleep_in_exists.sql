-- Holds the connection in EXISTS.
-- Refused: pg_sleep_for sleeps
select 1 as one where exists (select pg_sleep_for('1 hour'))
