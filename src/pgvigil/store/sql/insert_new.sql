INSERT INTO {table} ({columns})
SELECT DISTINCT ON ({keys}) {values}
FROM {source} AS new WHERE NOT EXISTS (FROM {table} AS kept WHERE {match})
