-- Leaves the read-only transaction.
-- Refused: it is TRANSACTION
commit
