-- Leaves the read-only transaction.
-- Refused: it holds 3 statements
commit; drop table jobs; begin
