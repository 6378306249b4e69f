-- What is past its time.
DELETE FROM "{table}" WHERE ts <= make_timestamp($until)
