-- Makes a table.
-- Refused: it holds SELECT INTO
select 1 as one into copy_of_jobs
