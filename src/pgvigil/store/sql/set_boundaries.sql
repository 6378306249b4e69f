INSERT INTO boundaries VALUES ($series, {moments})
