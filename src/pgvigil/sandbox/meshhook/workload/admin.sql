-- Background work of the operator's role. The purges keep the load's own rows bounded, so that it can run for days.

-- name: maintain_partitions
select public.maintain_workflow_events_partitions()

-- name: partition_info
select partition, bounds, row_count_estimate from public.workflow_events_partition_info order by partition

-- name: queue_metrics
select queue_name, queue_length, oldest_msg_age_sec, queue_visible_length from pgmq.metrics_all()

-- name: refresh_statistics
refresh materialized view concurrently public.workflow_statistics

-- name: purge_archives
select public.purge_old_queue_archives(make_interval(secs => %(keep_s)s))

-- name: purge_tracking
delete from public.job_tracking
where id in (select id from public.job_tracking
             where enqueued_at < now() - make_interval(secs => %(keep_s)s) and enqueued_at > (select created_at from pgmq.meta where queue_name = 'workflow_jobs')
             order by id limit 2000)

-- name: purge_runs
delete from public.workflow_runs
where id in (select id from public.workflow_runs
             where created_at < now() - make_interval(secs => %(keep_s)s) and created_at > (select created_at from pgmq.meta where queue_name = 'workflow_jobs')
             order by created_at limit 500)

-- name: purge_dead_letters
delete from pgmq.q_workflow_jobs_dlq
where msg_id in (select msg_id from pgmq.q_workflow_jobs_dlq
                 where enqueued_at < now() - make_interval(secs => %(keep_s)s)
                 order by msg_id limit 500)

-- name: purge_audit
delete from public.audit_log where at < now() - make_interval(secs => %(keep_s)s) and at > (select created_at from pgmq.meta where queue_name = 'workflow_jobs')

-- name: purge_drafts
delete from public.workflow_definitions
where slug = 'sandbox-draft' and created_at < now() - make_interval(secs => %(keep_s)s)

-- name: give_up_runs
update public.workflow_runs
set status = 'failed', error = 'abandoned', finished_at = now()
where status = 'running' and created_at < now() - interval '1 hour' and created_at > (select created_at from pgmq.meta where queue_name = 'workflow_jobs')

-- name: drop_old_partitions
select public.drop_old_workflow_events_partitions(12)

-- name: queue_defaults
update public.queue_config set updated_at = now() where queue_name = 'workflow_jobs'

-- name: analyze_tracking
analyze public.job_tracking

-- name: check_orphans
select count(*) from public.job_tracking j
where j.enqueued_at > now() - interval '10 minutes'
  and not exists (select from public.workflow_runs r where r.id = j.run_id)
