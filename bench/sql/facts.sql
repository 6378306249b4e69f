-- Every fact of a series, as it came.
SELECT epoch_us(ts), {columns} FROM {table} ORDER BY ts
