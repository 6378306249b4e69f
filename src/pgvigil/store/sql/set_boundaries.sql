DELETE FROM boundaries WHERE series = $series;
INSERT INTO boundaries VALUES ($series, {moments})
