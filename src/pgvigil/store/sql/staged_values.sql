(SELECT * FROM (VALUES {values}) AS written({columns}))
