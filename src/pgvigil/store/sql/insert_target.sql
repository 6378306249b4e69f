INSERT INTO targets (target, name, cpus, labels)
SELECT coalesce(max(target), 0) + 1, $name, $cpus, $labels FROM targets
RETURNING target
