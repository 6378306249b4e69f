FROM {table} LIMIT 0
