-- Reads values of the users' rows.
-- Refused: the column most_common_vals holds secrets
select most_common_vals::text as v from pg_stats
