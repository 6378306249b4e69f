-- Sends a notification.
-- Refused: it is NOTIFY
notify a
