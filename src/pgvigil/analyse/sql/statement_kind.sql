-- What a statement is, by where it ran and how its text begins; of the relations `moved` and `queries`.
CASE WHEN NOT moved.toplevel THEN 'nested'
     WHEN moved.queryid IS NULL OR starts_with(queries.text, '<') THEN 'hidden'
     WHEN NOT regexp_matches(queries.text, '^[\s(]*(select|insert|update|delete|merge|values|with|table)\b', 'i')
         THEN 'utility'
     ELSE 'query' END
