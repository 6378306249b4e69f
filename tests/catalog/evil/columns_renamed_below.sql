-- Gives the columns of a star other names.
-- Refused: * takes whole or renamed rows where pg_subscription
select t.c as x from (select * from pg_subscription) t(a, b, c)
