CREATE FUNCTION jobs.submit(command text, description text DEFAULT NULL,
							on_cancel text DEFAULT NULL,
							start_at timestamptz DEFAULT NULL,
							timeout interval DEFAULT NULL,
							max_attempts integer DEFAULT NULL,
							priority integer DEFAULT 0,
							exclusive_key text DEFAULT NULL,
							on_exclusive text DEFAULT 'wait',
							depends_on bigint[] DEFAULT NULL,
							on_dependency_failure text DEFAULT 'cancel')
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_submit'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.submit(text, text, text, timestamptz, interval, integer,
								integer, text, text, bigint[], text) IS
'submit SQL commands as a job of the current user; the job starts when the transaction commits, or later as its plan says';

CREATE FUNCTION jobs.report_progress(fraction double precision,
									 status text DEFAULT NULL)
RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_report_progress'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION jobs.report_progress(double precision, text) IS
'tell, from inside a job, which part of the work is done (0 to 1) and what it is doing; null leaves a value as it was';

CREATE FUNCTION jobs.cancel(job_id bigint, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_cancel'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.cancel(bigint, text) IS
'request that a job be cancelled, as CANCEL JOB; returns the number of jobs, 0 for null';

CREATE FUNCTION jobs.cancel_jobs(job_ids bigint[], reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_cancel_jobs'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.cancel_jobs(bigint[], text) IS
'request that jobs be cancelled, all or none, as CANCEL JOBS; returns the number of ids handled';

CREATE FUNCTION jobs.pause(job_id bigint, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_pause'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.pause(bigint, text) IS
'request that a job be paused, as PAUSE JOB; returns the number of jobs, 0 for null';

CREATE FUNCTION jobs.pause_jobs(job_ids bigint[], reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_pause_jobs'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.pause_jobs(bigint[], text) IS
'request that jobs be paused, all or none, as PAUSE JOBS; returns the number of ids handled';

CREATE FUNCTION jobs.resume(job_id bigint)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_resume'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.resume(bigint) IS
'let a paused job go on, as RESUME JOB; returns the number of jobs, 0 for null';

CREATE FUNCTION jobs.resume_jobs(job_ids bigint[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_resume_jobs'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.resume_jobs(bigint[]) IS
'let paused jobs go on, all or none, as RESUME JOBS; returns the number of ids handled';

CREATE FUNCTION jobs.cancel_jobs_for_schedules(schedule_ids bigint[], reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_cancel_jobs_for_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.cancel_jobs_for_schedules(bigint[], text) IS
'request that the jobs of these schedules be cancelled, as CANCEL JOBS FOR SCHEDULES; returns the number of jobs';

CREATE FUNCTION jobs.pause_jobs_for_schedules(schedule_ids bigint[], reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_pause_jobs_for_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.pause_jobs_for_schedules(bigint[], text) IS
'request that the jobs of these schedules be paused, as PAUSE JOBS FOR SCHEDULES; returns the number of jobs';

CREATE FUNCTION jobs.resume_jobs_for_schedules(schedule_ids bigint[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_resume_jobs_for_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.resume_jobs_for_schedules(bigint[]) IS
'let the paused jobs of these schedules go on, as RESUME JOBS FOR SCHEDULES; returns the number of jobs';

CREATE FUNCTION jobs.cancel_all(job_type text, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_cancel_all'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.cancel_all(text, text) IS
'request that all jobs of a type be cancelled, written in lower case, as CANCEL ALL type JOBS; returns the number of jobs';

CREATE FUNCTION jobs.pause_all(job_type text, reason text DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_pause_all'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.pause_all(text, text) IS
'request that all jobs of a type be paused, written in lower case, as PAUSE ALL type JOBS; returns the number of jobs';

CREATE FUNCTION jobs.resume_all(job_type text)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_resume_all'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.resume_all(text) IS
'let all paused jobs of a type go on, written in lower case, as RESUME ALL type JOBS; returns the number of jobs';

CREATE FUNCTION jobs.alter_owner(job_id bigint, new_owner name)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_alter_owner'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.alter_owner(bigint, name) IS
'make a job another role''s, as ALTER JOB .. OWNER TO; returns the number of jobs, 0 for null';

-- For our views: once for a query, before a look at each row's owner.
CREATE FUNCTION jobs.may_see_all() RETURNS boolean
AS 'MODULE_PATHNAME', 'cj_fn_may_see_all'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION jobs.may_see_all() IS
'whether the current user may see everybody''s jobs: a superuser, or by VIEWJOB or CONTROLJOB';

CREATE FUNCTION jobs.may_see_all_schedules() RETURNS boolean
AS 'MODULE_PATHNAME', 'cj_fn_may_see_all_schedules'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION jobs.may_see_all_schedules() IS
'whether the current user may see everybody''s schedules: also by REPAIRCLUSTER';

-- For our own statements that lock jobs.
CREATE FUNCTION jobs.may_control(roleid oid, controljob boolean, job_owner oid, held boolean)
RETURNS boolean
AS 'MODULE_PATHNAME', 'cj_fn_may_control'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION jobs.may_control(oid, boolean, oid, boolean) IS
'whether a role, with CONTROLJOB or without, may cancel, pause and resume a job';

CREATE FUNCTION jobs.wait(job_id bigint, timeout interval DEFAULT NULL,
						  strict boolean DEFAULT false)
RETURNS boolean
AS 'MODULE_PATHNAME', 'cj_fn_wait'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.wait(bigint, interval, boolean) IS
'wait until a job has come to its end; false if the time is over before; strict: any end but success, and a pause, is an error';

CREATE FUNCTION jobs.wait(job_ids bigint[], timeout interval DEFAULT NULL,
						  strict boolean DEFAULT false)
RETURNS boolean
AS 'MODULE_PATHNAME', 'cj_fn_wait_jobs'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.wait(bigint[], interval, boolean) IS
'wait until all of these jobs have come to their end; false if the time is over before; strict: any end but success, and a pause, is an error';

CREATE PROCEDURE jobs.wait_for(job_id bigint, timeout interval DEFAULT NULL,
						  strict boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'cj_fn_wait_for'
LANGUAGE C;
COMMENT ON PROCEDURE jobs.wait_for(bigint, interval, boolean) IS
'commit, then wait until a job has come to its end, with no snapshot and no lock that the job could need; raises an error if the time is over before';

CREATE PROCEDURE jobs.wait_for(job_ids bigint[], timeout interval DEFAULT NULL,
						  strict boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'cj_fn_wait_for_jobs'
LANGUAGE C;
COMMENT ON PROCEDURE jobs.wait_for(bigint[], interval, boolean) IS
'commit, then wait until all of these jobs have come to their end, as jobs.wait_for(bigint)';

CREATE FUNCTION jobs.counters(
	OUT job_type text, OUT submitted bigint, OUT started bigint,
	OUT succeeded bigint, OUT failed bigint, OUT canceled bigint,
	OUT revert_failed bigint, OUT retried bigint, OUT revert_retried bigint,
	OUT seconds double precision, OUT schedules_started bigint,
	OUT schedules_succeeded bigint, OUT schedules_failed bigint,
	OUT stats_reset timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_counters'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION jobs.counters() IS
'what has become of the jobs of this database since the server started, see jobs.stats';

CREATE FUNCTION jobs.recent_job_ids() RETURNS SETOF bigint
AS 'MODULE_PATHNAME', 'cj_fn_recent_job_ids'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION jobs.recent_job_ids() IS
'the unfinished jobs that the current user may see, those that finished in the last twelve hours, and perhaps older ones';

CREATE FUNCTION jobs.live(OUT job_id bigint, OUT generation bigint,
						  OUT pid integer, OUT fraction double precision, OUT status text,
						  OUT server_fraction double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_live'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION jobs.live() IS
'the jobs that workers of this database have now and that the current user may see, with their progress, or what the server says of a command of theirs';

CREATE FUNCTION jobs.autovacuum_jobs(
	OUT job_id bigint, OUT job_type text, OUT description text,
	OUT user_name name, OUT status text, OUT running_status text,
	OUT created timestamptz, OUT started timestamptz,
	OUT finished timestamptz, OUT modified timestamptz,
	OUT fraction_completed double precision, OUT error text,
	OUT coordinator_id bigint, OUT automatic boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_autovacuum_jobs'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 3;
COMMENT ON FUNCTION jobs.autovacuum_jobs() IS
'the tables of this database that autovacuum analyzes at present, in the form of jobs.recent_jobs; CANCEL JOB takes their ids';

CREATE FUNCTION jobs.next_run(recurrence text, after timestamptz DEFAULT now(),
							  timezone text DEFAULT NULL)
RETURNS timestamptz
AS 'MODULE_PATHNAME', 'cj_fn_next_run'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION jobs.next_run(text, timestamptz, text) IS
'when a schedule with this recurrence first runs after a time; null if never again';

CREATE FUNCTION jobs.next_runs(recurrence text, count integer,
							   after timestamptz DEFAULT now(),
							   timezone text DEFAULT NULL)
RETURNS SETOF timestamptz
AS 'MODULE_PATHNAME', 'cj_fn_next_runs'
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION jobs.next_runs(text, integer, timestamptz, text) IS
'the next times, at most so many, at which a schedule with this recurrence runs after a time';
