-- Locks rows inside a sub-select.
-- Refused: it locks rows
select s.id from (select id from jobs for key share) s
