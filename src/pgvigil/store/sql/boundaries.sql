SELECT series, epoch_us(rolled), epoch_us(raw_from), epoch_us(minutes_from), epoch_us(raw_gone), epoch_us(minutes_gone)
FROM boundaries
