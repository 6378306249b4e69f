-- The trigger is a table's own where it has one. autovacuum_vacuum_max_threshold came with 18.
select
    'vacuum ' || t.relid as key,
    'warning' as severity,
    format('%I.%I', t.schemaname, t.relname) as subject,
    format('%I.%I has %s dead rows; autovacuum should come at %s, and came last %s.', t.schemaname, t.relname,
        t.n_dead_tup, round(due.trigger::numeric), coalesce(t.last_autovacuum::text, 'never')) as detail,
    format('vacuum (verbose) %I.%I;', t.schemaname, t.relname) as remedy
from pg_stat_user_tables t
join pg_class c on c.oid = t.relid
cross join lateral (
    select
        coalesce(max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_threshold'),
            current_setting('autovacuum_vacuum_threshold'))::float8 as threshold,
        coalesce(max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_scale_factor'),
            current_setting('autovacuum_vacuum_scale_factor'))::float8 as factor,
        coalesce(max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_max_threshold'),
            current_setting('autovacuum_vacuum_max_threshold', true))::float8 as cap
    from pg_options_to_table(c.reloptions) o
) options
cross join lateral (
    select least(
        options.threshold + options.factor * greatest(c.reltuples, 0),
        case when options.cap >= 0 then options.cap end
    ) as trigger
) due
where t.n_dead_tup > 10000 and t.n_dead_tup > 2 * due.trigger
order by t.n_dead_tup desc
limit 20
