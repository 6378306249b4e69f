SELECT target, count(*), max(no) FROM readings GROUP BY target ORDER BY target
