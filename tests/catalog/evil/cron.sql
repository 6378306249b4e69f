-- Starts a job later.
-- Refused: cron.schedule changes queues or jobs
select cron.schedule('0 0 * * *', 'drop table jobs') as id
