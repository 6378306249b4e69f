SELECT epoch_us(min(ts)) FROM {table} WHERE {where}
