-- Runs a statement on this server by a connection to itself.
-- Refused: dblink_exec speaks
select dblink_exec('dbname=postgres', 'drop table jobs') as done
