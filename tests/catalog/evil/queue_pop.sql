-- Takes a message out of a queue.
-- Refused: pgmq.pop changes queues or jobs
select m.msg_id from pgmq.pop('jobs') m
