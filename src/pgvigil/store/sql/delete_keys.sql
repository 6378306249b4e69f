DELETE FROM {table} AS kept USING {source} AS new WHERE {match}
