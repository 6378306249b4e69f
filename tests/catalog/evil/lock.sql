-- Locks a table.
-- Refused: it is LOCK
lock table jobs
