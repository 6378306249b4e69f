-- Sets a sequence back.
-- Refused: setval changes sequences
select setval('jobs_id_seq'::regclass, 1) as n
