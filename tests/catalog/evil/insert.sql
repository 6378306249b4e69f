-- Writes.
-- Refused: it is INSERT
insert into jobs values (1)
