SELECT count(*) FROM {table} WHERE ts > {since} AND ts <= {until}
