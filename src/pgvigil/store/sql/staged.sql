(SELECT {columns} FROM {source})
