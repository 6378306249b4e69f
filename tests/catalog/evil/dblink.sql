-- Speaks to another server.
-- Refused: dblink speaks to other servers
select d.n from dblink('host=a', 'select 1') as d(n int)
