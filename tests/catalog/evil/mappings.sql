-- Reads passwords for other servers.
-- Refused: holds secrets
select m.umoptions from pg_user_mappings m
