-- Puts a name into a string.
-- Refused: stands in a string or comment
select $$a {object} b$$ as one
