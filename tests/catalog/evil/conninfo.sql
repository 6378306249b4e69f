-- Reads passwords for the publisher.
-- Refused: the column subconninfo holds secrets
select s.subconninfo as x from pg_subscription s
