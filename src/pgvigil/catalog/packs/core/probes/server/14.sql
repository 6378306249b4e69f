-- pg_control_* read the control file, 8 kB, and wait for nobody.
select
    current_setting('server_version_num')::int4 as version_num,
    pg_postmaster_start_time() as started_at,
    pg_conf_load_time() as reloaded_at,
    pg_is_in_recovery() as in_recovery,
    c.timeline_id as timeline,
    s.system_identifier
from pg_control_checkpoint() c, pg_control_system() s
