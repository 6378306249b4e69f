INSERT INTO marks (target, incarnation, probe, epoch, pass_no, read_at)
SELECT target, incarnation, probe, epoch, pass_no, {read_at}
FROM {source} AS new
WHERE NOT EXISTS (
    FROM marks WHERE marks.target = new.target AND marks.incarnation = new.incarnation AND marks.probe = new.probe
)
