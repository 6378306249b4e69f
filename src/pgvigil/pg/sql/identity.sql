-- Apart from the rest, because a provider may have revoked these functions.
select s.system_identifier::pg_catalog.int8 as system_identifier, c.timeline_id::pg_catalog.int8 as timeline
from pg_catalog.pg_control_system() as s, pg_catalog.pg_control_checkpoint() as c
