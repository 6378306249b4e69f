-- Uses up a transaction number.
-- Refused: txid_current uses up
select txid_current() as xid, pg_current_xact_id() as xid8
