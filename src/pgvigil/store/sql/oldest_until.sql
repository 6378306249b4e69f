SELECT epoch_us(min(ts)) FROM {table} WHERE ts <= {until}
