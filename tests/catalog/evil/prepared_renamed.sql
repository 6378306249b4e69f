-- The same behind the view.
-- Refused: the function pg_prepared_xact shows secrets
select p.b as x from pg_prepared_xact() p(a, b)
