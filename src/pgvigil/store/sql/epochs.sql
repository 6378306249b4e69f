SELECT target, max(epoch) FROM epochs GROUP BY target
