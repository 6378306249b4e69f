-- Locks rows.
-- Refused: it locks rows
select id from jobs for update skip locked
