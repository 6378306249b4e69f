-- Intervals in which a probe does not know what happened, that touch a span.
SELECT DISTINCT epoch_us(since), epoch_us(until), reason, detail
FROM gaps
WHERE target = $target AND probe = $probe AND until > make_timestamp($since) AND since < make_timestamp($until)
ORDER BY 1
