-- Runs a statement given as a text.
-- Refused: query_to_xml runs SQL
select query_to_xml('select pg_reload_conf()', true, false, '') as x
