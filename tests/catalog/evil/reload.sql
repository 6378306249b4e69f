-- Makes the server read its configuration again.
-- Refused: pg_reload_conf changes how the server runs
select pg_reload_conf() as done
