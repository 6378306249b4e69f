DELETE FROM boundaries WHERE series = $series
