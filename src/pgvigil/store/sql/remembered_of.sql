SELECT no, content FROM readings WHERE target = $target ORDER BY no
