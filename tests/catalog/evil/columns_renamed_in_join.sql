-- The same in a join.
-- Refused: j(…) takes whole or renamed rows where pg_subscription
select j.c as x from (pg_subscription s cross join pg_class p) j(a, b, c)
