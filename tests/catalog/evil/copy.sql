-- Runs a program.
-- Refused: it is COPY
copy (select 1) to program 'sh'
