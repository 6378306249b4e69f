-- Throws away the statements' statistics.
-- Refused: throws away statistics
select {extension_schema}.pg_stat_statements_reset(0, 0, 0) as done
