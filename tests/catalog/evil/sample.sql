-- Samples with code that nobody vouches for.
-- Refused: the function evil is not among those known
select id from jobs tablesample evil (1)
