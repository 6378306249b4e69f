-- Reads what other servers are told.
-- Refused: the relation foreign_server_options holds secrets
select o.option_value as x from information_schema.foreign_server_options o
