-- Reads what a client wrote into an identifier.
-- Refused: the column gid holds secrets
select p.gid as x from pg_prepared_xacts p
