-- Calls a function on an element of an array.
-- Refused: (…).pg_terminate_backend may call a function
select ((array[1, 2])[1]).pg_terminate_backend as x
