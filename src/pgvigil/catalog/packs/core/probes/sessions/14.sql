-- The function, not the view: the view's joins to pg_database and pg_authid cost as much again, and fail while one of
-- these is locked. Idle sessions are left to the probe connections; background processes that rest wait in Activity.
--
-- Tags are taken from a comment that begins the text, or that ends it: anywhere else what looks like a comment may
-- stand in a literal. At the end that holds where the text is whole (neither cut nor refused by the parser), and where
-- no "--" stands in the comment, behind which "*/" would be a part of a line comment. Brackets stand for backslashes,
-- whose meaning depends on standard_conforming_strings.
select
    a.datid as dbid,
    a.usesysid as userid,
    nullif(a.application_name, '') as application,
    host(a.client_addr) as client,
    a.backend_type,
    a.state,
    a.wait_event_type,
    a.wait_event,
    a.query_id as queryid,
    case
        when a.state <> 'idle in transaction (aborted)' and strpos(a.query, '/*') > 0
        then nullif(concat_ws(
            ' ',
            substring(a.query from '^[[:space:]]*/[*]([^+*][^*]*)[*]/'),
            case
                when octet_length(a.query) < limits.longest
                then substring(a.query from '/[*]([^+*-](?:[^*-]|-[^*-])*)[*]/[[:space:];]*$')
            end
        ), '')
    end as tags,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as xact_age,
    extract(epoch from clock_timestamp() - a.state_change)::float8 as state_age
from pg_stat_get_activity(null) a
-- A text of this length may have been cut, at most three bytes before the limit. It is shown as 1kB or 1500B, and
-- pg_size_bytes takes a B after a digit since 16 only.
cross join (
    select pg_size_bytes(case when shown.size ~ '[0-9]B$' then rtrim(shown.size, 'B') else shown.size end) - 4 as longest
    from (select current_setting('track_activity_query_size') as size) shown
) limits
where a.pid <> pg_backend_pid()
    and a.state is distinct from 'idle'
    and a.wait_event_type is distinct from 'Activity'
