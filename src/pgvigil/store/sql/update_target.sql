UPDATE targets SET cpus = $cpus, labels = $labels WHERE name = $name RETURNING target
