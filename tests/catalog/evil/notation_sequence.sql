-- Uses up a number of a sequence as if it were a column.
-- Refused: (…).nextval may call a function
select ('s'::regclass).nextval as x
