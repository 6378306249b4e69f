DELETE FROM reopened WHERE series = $series AND hour = make_timestamp($hour)
