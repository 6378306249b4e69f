-- Calls a procedure.
-- Refused: it is CALL
call cleanup()
