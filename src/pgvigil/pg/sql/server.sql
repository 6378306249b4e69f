-- What does not change while a connection lasts, but for the recovery: a standby can be promoted.
select
  pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version_num,
  pg_catalog.current_setting('server_version') as version,
  pg_catalog.pg_postmaster_start_time() as started_at,
  pg_catalog.pg_is_in_recovery() as in_recovery,
  current_user::pg_catalog.text as role,
  pg_catalog.current_database()::pg_catalog.text as database,
  (select r.rolsuper from pg_catalog.pg_roles as r where r.rolname = current_user) as is_superuser
