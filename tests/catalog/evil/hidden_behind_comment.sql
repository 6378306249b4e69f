-- Hides a second statement behind what looks like a comment.
-- Refused: it holds 2 statements
select '/*' as one; drop table jobs; --*/
