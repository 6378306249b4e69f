-- Puts a name with a line break where it ends the comment.
-- Refused: stands in a string or comment
select 1 as one from {object} t -- {object}
