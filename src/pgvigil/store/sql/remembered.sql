SELECT target, no, content FROM readings ORDER BY target, no
