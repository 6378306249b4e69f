SELECT series, epoch_us(rolled), epoch_us(raw_from), epoch_us(minutes_from), epoch_us(raw_gone), epoch_us(minutes_gone),
       coalesce(epoch_us(minutes_sorted), 0), coalesce(epoch_us(hours_sorted), 0),
       coalesce(epoch_us(days_rolled), 0), coalesce(epoch_us(days_sorted), 0)
FROM boundaries
