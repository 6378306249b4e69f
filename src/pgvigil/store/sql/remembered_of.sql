-- Of one target, in no order: to sort them, or to read those of all targets at once, the engine wants a piece of memory
-- for two thousand rows, which is more than it may have.
SELECT no, content FROM readings WHERE target = $target
