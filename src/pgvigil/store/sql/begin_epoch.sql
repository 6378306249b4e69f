INSERT INTO epochs (target, epoch, since)
SELECT $target, coalesce(max(epoch), 0) + 1, make_timestamp($now) FROM epochs WHERE target = $target
RETURNING epoch
