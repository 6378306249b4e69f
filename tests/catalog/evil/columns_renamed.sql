-- Gives the column another name.
-- Refused: t(…) takes whole or renamed rows where pg_subscription
select t.c as x from pg_subscription t(a, b, c)
