-- Shows a setting.
-- Refused: it is VARIABLE SHOW
show lock_timeout
