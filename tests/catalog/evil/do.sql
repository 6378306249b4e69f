-- Runs a block.
-- Refused: it is DO
do $$ begin perform pg_reload_conf(); end $$
