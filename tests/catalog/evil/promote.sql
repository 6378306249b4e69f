-- Promotes a standby, from a function in FROM.
-- Refused: pg_promote
select p.done from pg_promote(false) as p(done)
