-- Reads the hashes of passwords of another view.
-- Refused: the relation pg_shadow holds secrets
select s.usename from "pg_catalog"."pg_shadow" s
