-- Whether the sessions were looked at in a span: where they were and nobody was told to wait, nobody did.
SELECT count(*) FROM {passes} WHERE target = $target AND probe = 'sessions' AND samples > 0
