EXISTS (FROM {table} AS fact WHERE {match})
