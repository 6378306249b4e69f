-- Lists the logs.
-- Refused: pg_ls_logdir reads or writes files
select l.name from pg_ls_logdir() l
