-- Uses up a number of a sequence.
-- Refused: nextval changes sequences
select nextval('jobs_id_seq') as n
