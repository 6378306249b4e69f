-- Does something after looking.
-- Refused: it holds 2 statements
select 1 as one; drop table jobs
