(SELECT unnest(range({size})))
