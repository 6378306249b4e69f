INSERT INTO reopened SELECT $series, make_timestamp($hour)
WHERE NOT EXISTS (FROM reopened WHERE series = $series AND hour = make_timestamp($hour))
