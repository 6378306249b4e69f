-- Calls whatever the found object's name is.
-- Refused: is not known before it runs
select {object}(1) as n
