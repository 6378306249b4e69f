SELECT series, epoch_us(hour) FROM reopened ORDER BY hour
