INSERT INTO {table} ({columns}) SELECT {columns} FROM {source} WHERE {where} ORDER BY {order}
