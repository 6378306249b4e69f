-- Sends the row as bytes, with a function that stands in no list, as if it were a column.
-- Refused: s.record_send takes whole or renamed rows
select encode(s.record_send, 'escape') as x from pg_subscription s
