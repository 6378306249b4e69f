-- Version 1.9, with which the view came.
select i.dealloc, i.stats_reset
from {extension_schema}.pg_stat_statements_info i
