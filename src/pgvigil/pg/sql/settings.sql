-- The settings that decide what can be seen ($1), in their base units; those this role may not read are missing.
select s.name, s.setting
from pg_catalog.pg_settings as s
where s.name = any ($1::pg_catalog.text[])
