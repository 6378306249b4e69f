SELECT DISTINCT series, epoch_us(hour) AS hour FROM reopened ORDER BY hour
