-- Changes a setting.
-- Refused: it is VARIABLE SET
set lock_timeout = 0
