-- Changes a setting of the session.
-- Refused: set_config changes how
select set_config('lock_timeout', '0', false) as value
