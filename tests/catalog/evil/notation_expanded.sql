-- Takes a row apart whose columns nobody names.
-- Refused: (…).* may call a function
select (s).* from pg_class s
