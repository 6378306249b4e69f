DELETE FROM {table} WHERE {column} <= {until}
