-- Looks twice.
-- Refused: it holds 2 statements
select 1 as one; select 2 as two;
