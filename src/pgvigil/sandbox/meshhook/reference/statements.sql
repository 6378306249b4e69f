-- name: fill
call reference.fill(%(tables)s, %(indexes)s)

-- name: tables
select c.relname from pg_catalog.pg_class c
where c.relnamespace = 'reference'::regnamespace and c.relkind = 'r'
order by c.relname

-- name: extension_schema
select n.nspname from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'

-- name: reset
select {schema}.pg_stat_statements_reset()

-- name: lookup
select {columns}
from reference.{table}
where record_id = %(record)s and status_code is not null

-- name: summary
select {columns}, row_number() over (order by record_id)
from reference.{table}
where record_id between %(record)s and %(record)s + 3
order by record_id
limit 5

-- name: touch
update reference.{table}
set status_code = status_code
where record_id = %(record)s
returning {columns}
