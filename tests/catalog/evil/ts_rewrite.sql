-- Runs a statement given as a text, for its rules.
-- Refused: ts_rewrite runs SQL
select ts_rewrite('a'::tsquery, 'select pg_reload_conf()::text::tsquery, null') as q
