-- Returns columns without names.
-- Refused: it is VALUES
values (1), (2)
