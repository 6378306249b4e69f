-- Names another database.
-- Refused: is named with a database
select id from other.public.jobs
