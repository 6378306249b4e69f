-- Texts first seen before all that is kept, whose key no fact of the probes that share them mentions any more.
DELETE FROM {table} AS kept WHERE first_seen <= {until} AND NOT EXISTS (FROM ({mentioned}) AS fact WHERE {match})
