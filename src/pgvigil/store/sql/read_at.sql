SELECT epoch_us(read_at) FROM marks
WHERE target = $target AND incarnation = $incarnation AND probe = $probe AND read_at IS NOT NULL
