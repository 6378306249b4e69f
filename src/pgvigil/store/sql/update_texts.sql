-- A text that is NULL here is one that could not be read now: what was kept stays.
UPDATE {table} AS kept SET {changes} FROM {source} AS new WHERE {match} AND ({changed})
