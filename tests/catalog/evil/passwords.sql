-- Reads the hashes of passwords.
-- Refused: the relation pg_authid holds secrets
select a.rolname, a.rolsuper from pg_authid a
