-- TABLE is a star.
-- Refused: * takes whole or renamed rows where pg_subscription
select t.c as x from (table pg_subscription) t(a, b, c)
