-- A statement run by two roles or in two databases has one queryid: one row of it, the most called.
select distinct on (s.queryid) s.queryid, s.query as text
from {extension_schema}.pg_stat_statements(true) s
where s.queryid = any ($1::bigint[]) and s.query is not null
order by s.queryid, s.calls desc
