UPDATE marks SET epoch = new.epoch, pass_no = new.pass_no, read_at = coalesce({read_at}, marks.read_at)
FROM {source} AS new
WHERE marks.target = new.target AND marks.incarnation = new.incarnation AND marks.probe = new.probe
