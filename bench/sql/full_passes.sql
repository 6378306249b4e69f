-- When a probe brought everything.
SELECT epoch_us(ts) FROM passes_raw WHERE probe = $probe AND complete
