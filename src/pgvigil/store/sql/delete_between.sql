DELETE FROM {table} WHERE ts > {since} AND ts <= {until}
