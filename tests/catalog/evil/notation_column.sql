-- Calls a function as if it were a column.
-- Refused: (…).pg_terminate_backend may call a function
select (a.pid).pg_terminate_backend as x from pg_stat_activity a
