SELECT {columns} FROM {table} WHERE target = $target AND incarnation = $incarnation
