-- Locks rows inside a CTE.
-- Refused: it locks rows
with j as (select id from jobs for no key update nowait) select id from j
