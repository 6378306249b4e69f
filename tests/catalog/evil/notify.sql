-- Sends a notification.
-- Refused: pg_notify sends notifications
select pg_notify('a', 'b') as done
