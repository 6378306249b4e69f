(SELECT {columns} FROM (SELECT from_json($1::VARCHAR, {shape}) AS texts))
