-- Hides a second statement from readers that do not know standard_conforming_strings.
-- Refused: a backslash before a quote
select 'a\'; drop table jobs; --' as one
