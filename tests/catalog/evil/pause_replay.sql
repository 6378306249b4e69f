-- Stops replay on a standby.
-- Refused: pg_wal_replay_pause
select 1 as one from pg_wal_replay_pause()
