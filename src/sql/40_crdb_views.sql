-- The shapes that CockroachDB has for programs.  What it calls crdb_internal or
-- information_schema is made of these by jobs.install_crdb_compat().

-- information_schema.crdb_jobs_with_progress of CockroachDB 26.3; crdb_jobs has the
-- first eight columns.  resolved is for change feeds.
CREATE VIEW jobs.jobs_with_progress AS
SELECT j.job_id, j.job_type, j.user_name::text AS owner, j.description,
	   j.created, j.finished, j.status AS state, nullif(j.error, '') AS error,
	   j.fraction_completed AS progress_fraction, NULL::numeric AS resolved,
	   j.running_status AS status_message, j.modified AS last_updated
FROM jobs.jobs j;

COMMENT ON VIEW jobs.jobs_with_progress IS 'the jobs that the current user may see, as in CockroachDB''s information_schema.crdb_jobs_with_progress';
COMMENT ON COLUMN jobs.jobs_with_progress.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.jobs_with_progress.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.jobs_with_progress.owner IS 'owner of the job';
COMMENT ON COLUMN jobs.jobs_with_progress.description IS 'one line for people';
COMMENT ON COLUMN jobs.jobs_with_progress.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.jobs_with_progress.finished IS 'when the job reached its last state';
COMMENT ON COLUMN jobs.jobs_with_progress.state IS 'state of the job';
COMMENT ON COLUMN jobs.jobs_with_progress.error IS 'why the job failed or was cancelled; null if there is no error';
COMMENT ON COLUMN jobs.jobs_with_progress.progress_fraction IS 'part of the work that is done, 0 to 1';
COMMENT ON COLUMN jobs.jobs_with_progress.resolved IS 'always null';
COMMENT ON COLUMN jobs.jobs_with_progress.status_message IS 'what the job says it is doing';
COMMENT ON COLUMN jobs.jobs_with_progress.last_updated IS 'when the job''s row was last changed';

-- As CockroachDB since 25.1: the statement repeats the description, started
-- repeats created.
CREATE VIEW jobs.crdb_internal_jobs AS
SELECT j.job_id, j.job_type, j.description, j.description AS statement,
	   j.user_name::text AS user_name, NULL::bigint[] AS descriptor_ids,
	   j.status, j.running_status, j.created, j.created AS started, j.finished, j.modified,
	   j.fraction_completed, NULL::numeric AS high_water_timestamp,
	   j.error, j.coordinator_id, NULL::bigint AS trace_id,
	   NULL::text[] AS execution_errors, NULL::jsonb AS execution_events
FROM jobs.jobs j;

COMMENT ON VIEW jobs.crdb_internal_jobs IS 'the jobs that the current user may see, as in CockroachDB''s crdb_internal.jobs';
COMMENT ON COLUMN jobs.crdb_internal_jobs.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.crdb_internal_jobs.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.crdb_internal_jobs.description IS 'one line for people';
COMMENT ON COLUMN jobs.crdb_internal_jobs.statement IS 'the description again';
COMMENT ON COLUMN jobs.crdb_internal_jobs.user_name IS 'owner of the job';
COMMENT ON COLUMN jobs.crdb_internal_jobs.descriptor_ids IS 'always null';
COMMENT ON COLUMN jobs.crdb_internal_jobs.status IS 'state of the job';
COMMENT ON COLUMN jobs.crdb_internal_jobs.running_status IS 'what the job says it is doing';
COMMENT ON COLUMN jobs.crdb_internal_jobs.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.crdb_internal_jobs.started IS 'created again';
COMMENT ON COLUMN jobs.crdb_internal_jobs.finished IS 'when the job reached its last state';
COMMENT ON COLUMN jobs.crdb_internal_jobs.modified IS 'when the job''s row was last changed';
COMMENT ON COLUMN jobs.crdb_internal_jobs.fraction_completed IS 'part of the work that is done, 0 to 1';
COMMENT ON COLUMN jobs.crdb_internal_jobs.high_water_timestamp IS 'always null';
COMMENT ON COLUMN jobs.crdb_internal_jobs.error IS 'why the job failed or was cancelled; empty if there is no error';
COMMENT ON COLUMN jobs.crdb_internal_jobs.coordinator_id IS 'process id of the worker that has the job';
COMMENT ON COLUMN jobs.crdb_internal_jobs.trace_id IS 'always null';
COMMENT ON COLUMN jobs.crdb_internal_jobs.execution_errors IS 'always null';
COMMENT ON COLUMN jobs.crdb_internal_jobs.execution_events IS 'always null';

-- A view system.jobs of CockroachDB 25.1 and later.
CREATE VIEW jobs.system_jobs AS
SELECT j.job_id AS id, j.status, j.created, j.created_by_type, j.created_by_id,
	   NULL::bytea AS claim_session_id, j.coordinator_id AS claim_instance_id,
	   j.runs::bigint AS num_runs,
	   CASE WHEN j.runs <= 1 THEN j.started END AS last_run, j.job_type,
	   j.user_name::text AS owner, j.description, nullif(j.error, '') AS error_msg, j.finished
FROM jobs.jobs j;

COMMENT ON VIEW jobs.system_jobs IS 'the jobs that the current user may see, as in CockroachDB''s system.jobs';
COMMENT ON COLUMN jobs.system_jobs.id IS 'id of the job';
COMMENT ON COLUMN jobs.system_jobs.status IS 'state of the job';
COMMENT ON COLUMN jobs.system_jobs.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.system_jobs.created_by_type IS 'kind of the job''s creator if that is not a user';
COMMENT ON COLUMN jobs.system_jobs.created_by_id IS 'id of the job''s creator';
COMMENT ON COLUMN jobs.system_jobs.claim_session_id IS 'always null';
COMMENT ON COLUMN jobs.system_jobs.claim_instance_id IS 'process id of the worker that has the job';
COMMENT ON COLUMN jobs.system_jobs.num_runs IS 'how often a worker took the job up since it was submitted or resumed';
COMMENT ON COLUMN jobs.system_jobs.last_run IS 'when a worker took the job up; null if that was more than once';
COMMENT ON COLUMN jobs.system_jobs.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.system_jobs.owner IS 'owner of the job';
COMMENT ON COLUMN jobs.system_jobs.description IS 'one line for people';
COMMENT ON COLUMN jobs.system_jobs.error_msg IS 'why the job failed or was cancelled; null if there is no error';
COMMENT ON COLUMN jobs.system_jobs.finished IS 'when the job reached its last state';

CREATE VIEW jobs.system_scheduled_jobs AS
SELECT s.schedule_id, s.label AS schedule_name, s.created, s.owner::text AS owner, s.next_run,
	   s.state AS schedule_state, CASE WHEN s.recurrence <> 'NEVER' THEN s.recurrence END AS schedule_expr,
	   pg_catalog.jsonb_build_object('on_previous_running', s.on_previous_running,
									 'on_execution_failure', s.on_execution_failure) AS schedule_details,
	   'scheduled-' || pg_catalog.lower(s.executor_type) || '-executor' AS executor_type,
	   s.command AS execution_args
FROM jobs.schedules s;

COMMENT ON VIEW jobs.system_scheduled_jobs IS 'the schedules that the current user may see, as in CockroachDB''s system.scheduled_jobs';
COMMENT ON COLUMN jobs.system_scheduled_jobs.schedule_id IS 'id of the schedule';
COMMENT ON COLUMN jobs.system_scheduled_jobs.schedule_name IS 'its label';
COMMENT ON COLUMN jobs.system_scheduled_jobs.created IS 'when it was created';
COMMENT ON COLUMN jobs.system_scheduled_jobs.owner IS 'role as which its jobs run';
COMMENT ON COLUMN jobs.system_scheduled_jobs.next_run IS 'when it is due next; null if it is paused';
COMMENT ON COLUMN jobs.system_scheduled_jobs.schedule_state IS 'what became of the last run, if there is something to say';
COMMENT ON COLUMN jobs.system_scheduled_jobs.schedule_expr IS 'when it runs; null for one that runs once';
COMMENT ON COLUMN jobs.system_scheduled_jobs.schedule_details IS 'what to do while an earlier job runs, and after a failure';
COMMENT ON COLUMN jobs.system_scheduled_jobs.executor_type IS 'type of its jobs';
COMMENT ON COLUMN jobs.system_scheduled_jobs.execution_args IS 'what its jobs do, without secrets';

-- The metrics jobs.<type>.<column> and schedules.<type>.<column> of CockroachDB, where
-- every job that fails or is cancelled passes through its clean-up, if it has one or not.
CREATE VIEW jobs.metrics AS
SELECT job_type,
	   coalesce(u.running, 0) AS currently_running, coalesce(u.paused, 0) AS currently_paused,
	   coalesce(c.succeeded, 0) AS resume_completed, coalesce(c.failed, 0) AS resume_failed,
	   coalesce(c.retried - c.revert_retried, 0) AS resume_retry_error,
	   coalesce(c.failed + c.canceled, 0) AS fail_or_cancel_completed,
	   coalesce(c.revert_failed, 0) AS fail_or_cancel_failed,
	   coalesce(c.revert_retried, 0) AS fail_or_cancel_retry_error,
	   coalesce(c.schedules_started, 0) AS schedules_started,
	   coalesce(c.schedules_succeeded, 0) AS schedules_succeeded,
	   coalesce(c.schedules_failed, 0) AS schedules_failed
FROM jobs.counters() c FULL JOIN (
		SELECT s.job_type,
			   coalesce(sum(s.jobs) FILTER (WHERE s.status IN ('running', 'reverting')), 0)::bigint AS running,
			   coalesce(sum(s.jobs) FILTER (WHERE s.status = 'paused'), 0)::bigint AS paused
		FROM jobs.stats_unfinished s GROUP BY s.job_type) u USING (job_type);

COMMENT ON VIEW jobs.metrics IS 'numbers of jobs by type, under the names of CockroachDB''s metrics';
COMMENT ON COLUMN jobs.metrics.job_type IS 'what the jobs do, for example SQL';
COMMENT ON COLUMN jobs.metrics.currently_running IS 'jobs that run or are cleaned up, or wait for their next attempt';
COMMENT ON COLUMN jobs.metrics.currently_paused IS 'jobs that are paused';
COMMENT ON COLUMN jobs.metrics.resume_completed IS 'jobs that ended as succeeded since the server started';
COMMENT ON COLUMN jobs.metrics.resume_failed IS 'jobs that ended as failed';
COMMENT ON COLUMN jobs.metrics.resume_retry_error IS 'attempts that failed and were to be followed by another one';
COMMENT ON COLUMN jobs.metrics.fail_or_cancel_completed IS 'jobs that ended as failed or canceled';
COMMENT ON COLUMN jobs.metrics.fail_or_cancel_failed IS 'jobs that ended as revert-failed';
COMMENT ON COLUMN jobs.metrics.fail_or_cancel_retry_error IS 'clean-ups that failed and were to be followed by another one';
COMMENT ON COLUMN jobs.metrics.schedules_started IS 'jobs that schedules started';
COMMENT ON COLUMN jobs.metrics.schedules_succeeded IS 'of these, jobs that ended as succeeded';
COMMENT ON COLUMN jobs.metrics.schedules_failed IS 'of these, jobs that ended otherwise; and those that could not be started';

CREATE FUNCTION jobs.install_crdb_compat() RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_install_crdb_compat'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION jobs.install_crdb_compat() IS
'make the schema crdb_internal, with the views and functions on jobs that CockroachDB has, or complete it; for superusers and the owner of the database';

CREATE FUNCTION jobs.uninstall_crdb_compat() RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_uninstall_crdb_compat'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION jobs.uninstall_crdb_compat() IS
'drop what jobs.install_crdb_compat() has made';
