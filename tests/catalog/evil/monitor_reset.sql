-- Throws away what another extension counted, allowed by nobody.
-- Refused: throws away statistics
select other.pg_stat_kcache_reset() as done
