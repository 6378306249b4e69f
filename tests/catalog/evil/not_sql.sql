-- Is not SQL.
-- Refused: does not accept it
selekt 1
