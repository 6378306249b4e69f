-- Of the rows of a query, those whose fingerprint is not among the known ones ($1), with the fingerprint last.
-- OFFSET 0 keeps the hash from being computed twice, and the anti-join hashes $1 whatever the plan.
select {output}
from (
  select q.*, pg_catalog.hash_record_extended(row({columns}), 0) as pgvigil_fingerprint
  from (
{query}
  ) as q
  offset 0
) as q
where not exists (
  select from pg_catalog.unnest($1::pg_catalog.int8[]) as known (fingerprint)
  where known.fingerprint = q.pgvigil_fingerprint
)
