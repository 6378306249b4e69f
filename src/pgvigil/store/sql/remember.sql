INSERT INTO readings (target, no, content) VALUES ($1, $2, $3)
