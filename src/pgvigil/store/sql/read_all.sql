SELECT bit_xor(hash(everything)) FROM {table} AS everything
