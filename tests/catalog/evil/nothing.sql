-- Does nothing.
-- Refused: it holds 0 statements

