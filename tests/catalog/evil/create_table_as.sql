-- Makes a table.
-- Refused: it is CREATE TABLE AS
create table x as select 1 as one
