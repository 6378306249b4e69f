-- Runs a statement given as a text, for its words.
-- Refused: ts_stat runs SQL
select s.word from ts_stat('select to_tsvector(current_user)') s
