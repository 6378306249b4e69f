-- Samples taken and seconds they stand for.
SELECT sum(samples), sum(secs) FROM passes WHERE probe = 'sessions'
