-- Everyone may read it: it shows what cj_privilege_may_see() allows.  The rights
-- that do not depend on the row are looked up once.
CREATE VIEW jobs.jobs WITH (security_barrier) AS
SELECT j.job_id, j.job_type, j.description, j.statement,
	   pg_catalog.pg_get_userbyid(j.owner) AS user_name,
	   j.state AS status,
	   CASE WHEN j.state IN ('pause-requested', 'paused') AND j.request_reason IS NOT NULL THEN j.request_reason
			WHEN j.finished IS NULL THEN coalesce(l.status, j.status) END AS running_status,
	   j.created, j.started, j.finished, j.modified,
	   CASE WHEN j.state = 'succeeded' THEN 1 ELSE coalesce(l.fraction, j.fraction, l.server_fraction, 0) END AS fraction_completed,
	   coalesce(j.error, '') AS error,
	   l.pid::bigint AS coordinator_id,
	   j.sqlstate, j.revert_error, j.runs, j.attempts, j.next_run,
	   j.start_at, j.max_attempts, j.timeout, j.priority, j.exclusive_key, j.depends_on,
	   j.on_dependency_failure,
	   j.automatic, j.cancelable, j.created_by_type, j.created_by_id,
	   pg_catalog.pg_get_userbyid(j.requested_by) AS requested_by,
	   j.request_reason, j.result_tag, j.result_rows
FROM jobs.job j LEFT JOIN jobs.live() l
	 ON l.job_id = j.job_id AND l.generation = j.claim_generation
WHERE ((SELECT jobs.may_see_all()) OR pg_catalog.pg_has_role(j.owner, 'USAGE'));

COMMENT ON VIEW jobs.jobs IS 'the jobs that the current user may see, with live progress';
COMMENT ON COLUMN jobs.jobs.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.jobs.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.jobs.description IS 'one line for people';
COMMENT ON COLUMN jobs.jobs.statement IS 'the statement that the job runs';
COMMENT ON COLUMN jobs.jobs.user_name IS 'owner of the job';
COMMENT ON COLUMN jobs.jobs.status IS 'state of the job';
COMMENT ON COLUMN jobs.jobs.running_status IS 'what the job says it is doing, or why it is paused';
COMMENT ON COLUMN jobs.jobs.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.jobs.started IS 'when a worker took the job up first';
COMMENT ON COLUMN jobs.jobs.finished IS 'when the job reached its last state';
COMMENT ON COLUMN jobs.jobs.modified IS 'when the job''s row was last changed';
COMMENT ON COLUMN jobs.jobs.fraction_completed IS 'part of the work that is done, 0 to 1';
COMMENT ON COLUMN jobs.jobs.error IS 'why the job failed or was cancelled; empty if there is no error';
COMMENT ON COLUMN jobs.jobs.coordinator_id IS 'process id of the worker that has the job';
COMMENT ON COLUMN jobs.jobs.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN jobs.jobs.revert_error IS 'why the last attempt at the clean-up failed';
COMMENT ON COLUMN jobs.jobs.runs IS 'how often a worker took the job up since it was submitted or resumed';
COMMENT ON COLUMN jobs.jobs.attempts IS 'how many attempts have failed since it was submitted or resumed';
COMMENT ON COLUMN jobs.jobs.next_run IS 'not before this time is the job taken up';
COMMENT ON COLUMN jobs.jobs.start_at IS 'the start time that it was submitted with';
COMMENT ON COLUMN jobs.jobs.max_attempts IS 'how often the work is tried';
COMMENT ON COLUMN jobs.jobs.timeout IS 'how long an attempt may take';
COMMENT ON COLUMN jobs.jobs.priority IS 'which of an owner''s jobs come first: those with the higher number';
COMMENT ON COLUMN jobs.jobs.exclusive_key IS 'of an owner''s jobs with the same key one runs at a time';
COMMENT ON COLUMN jobs.jobs.depends_on IS 'ids of the jobs that have to be finished first';
COMMENT ON COLUMN jobs.jobs.on_dependency_failure IS 'what becomes of the job when one of those does not succeed: cancel or run';
COMMENT ON COLUMN jobs.jobs.automatic IS 'whether SHOW JOBS leaves the job out';
COMMENT ON COLUMN jobs.jobs.cancelable IS 'whether CANCEL JOB is allowed';
COMMENT ON COLUMN jobs.jobs.created_by_type IS 'kind of the job''s creator if that is not a user';
COMMENT ON COLUMN jobs.jobs.created_by_id IS 'id of the job''s creator';
COMMENT ON COLUMN jobs.jobs.requested_by IS 'who last asked for a cancel, pause or resume';
COMMENT ON COLUMN jobs.jobs.request_reason IS 'why, as that user put it';
COMMENT ON COLUMN jobs.jobs.result_tag IS 'command tag of the job''s last command';
COMMENT ON COLUMN jobs.jobs.result_rows IS 'number of rows that command processed';

-- Only the messages of the jobs that one may see are looked at (that is what OFFSET
-- is for): EXPLAIN ANALYZE would tell how many of the others a condition fits.
CREATE VIEW jobs.messages WITH (security_barrier) AS
SELECT m.message_id, j.job_id, m.recorded, m.kind, m.sqlstate, m.message
FROM jobs.job j CROSS JOIN LATERAL (
		SELECT s.message_id, s.recorded, s.kind, s.sqlstate, s.message
		FROM jobs.message s WHERE s.job_id = j.job_id OFFSET 0) m
WHERE ((SELECT jobs.may_see_all()) OR pg_catalog.pg_has_role(j.owner, 'USAGE'));

COMMENT ON VIEW jobs.messages IS 'what happened to the jobs that the current user may see, and what they said';
COMMENT ON COLUMN jobs.messages.message_id IS 'orders the messages of a job';
COMMENT ON COLUMN jobs.messages.job_id IS 'the job';
COMMENT ON COLUMN jobs.messages.recorded IS 'when it happened';
COMMENT ON COLUMN jobs.messages.kind IS 'state (a change of state), notice, warning or error';
COMMENT ON COLUMN jobs.messages.sqlstate IS 'SQLSTATE of a notice, warning or error';
COMMENT ON COLUMN jobs.messages.message IS 'the text';

-- What SHOW JOBS looks at: the unfinished jobs and those that finished lately.
CREATE VIEW jobs.recent_jobs WITH (security_barrier) AS
SELECT j.job_id, j.job_type, j.description,
	   pg_catalog.pg_get_userbyid(j.owner) AS user_name,
	   j.state AS status,
	   CASE WHEN j.state IN ('pause-requested', 'paused') AND j.request_reason IS NOT NULL THEN j.request_reason
			WHEN j.finished IS NULL THEN coalesce(l.status, j.status) END AS running_status,
	   j.created, j.started, j.finished, j.modified,
	   CASE WHEN j.state = 'succeeded' THEN 1 ELSE coalesce(l.fraction, j.fraction, l.server_fraction, 0) END AS fraction_completed,
	   coalesce(j.error, '') AS error,
	   l.pid::bigint AS coordinator_id,
	   j.automatic
FROM jobs.recent_job_ids() r(job_id) JOIN jobs.job j ON j.job_id = r.job_id
	 LEFT JOIN jobs.live() l ON l.job_id = j.job_id AND l.generation = j.claim_generation
WHERE ((SELECT jobs.may_see_all()) OR pg_catalog.pg_has_role(j.owner, 'USAGE'))
  AND (j.finished IS NULL OR j.finished > pg_catalog.now() - interval '12 hours');

COMMENT ON VIEW jobs.recent_jobs IS
'the unfinished jobs that the current user may see, and those that finished in the last twelve hours';
COMMENT ON COLUMN jobs.recent_jobs.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.recent_jobs.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.recent_jobs.description IS 'one line for people';
COMMENT ON COLUMN jobs.recent_jobs.user_name IS 'owner of the job';
COMMENT ON COLUMN jobs.recent_jobs.status IS 'state of the job';
COMMENT ON COLUMN jobs.recent_jobs.running_status IS 'what the job says it is doing, or why it is paused';
COMMENT ON COLUMN jobs.recent_jobs.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.recent_jobs.started IS 'when a worker took the job up first';
COMMENT ON COLUMN jobs.recent_jobs.finished IS 'when the job reached its last state';
COMMENT ON COLUMN jobs.recent_jobs.modified IS 'when the job''s row was last changed';
COMMENT ON COLUMN jobs.recent_jobs.fraction_completed IS 'part of the work that is done, 0 to 1';
COMMENT ON COLUMN jobs.recent_jobs.error IS 'why the job failed or was cancelled; empty if there is no error';
COMMENT ON COLUMN jobs.recent_jobs.coordinator_id IS 'process id of the worker that has the job';
COMMENT ON COLUMN jobs.recent_jobs.automatic IS 'whether SHOW JOBS leaves the job out';

-- Can the client be shown what ASCII has not?  A character that its encoding
-- lacks would be an error.
CREATE FUNCTION jobs.client_has_unicode() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.getdatabaseencoding() = 'UTF8' AND pg_catalog.pg_client_encoding() = 'UTF8';
COMMENT ON FUNCTION jobs.client_has_unicode() IS
'whether both the database and the client use UTF-8';

-- A value with several lines would make a table of jobs hard to read.
CREATE FUNCTION jobs.one_line(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.translate($1, E'\n\r\t', '   ');
COMMENT ON FUNCTION jobs.one_line(text) IS 'a text with blanks for its line ends and tabs';

-- As CockroachDB's SHOW JOBS cuts descriptions.
CREATE FUNCTION jobs.short_description(description text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jobs.one_line(CASE WHEN pg_catalog.length(description) > 70
	THEN pg_catalog.concat(
		pg_catalog."left"(description, 60),
		CASE WHEN jobs.client_has_unicode()
			THEN pg_catalog.convert_from('\x20e280a620', pg_catalog.getdatabaseencoding())
			ELSE ' ... ' END,
		pg_catalog."right"(description, 7))
	ELSE description END);
COMMENT ON FUNCTION jobs.short_description(text) IS
'a description as SHOW JOBS shows it: on one line, and of a long one the first 60 and the last 7 characters';

CREATE TYPE jobs.job_list_row AS (
	job_id bigint, job_type text, description text, user_name text, status text,
	running_status text, created timestamptz, started timestamptz,
	finished timestamptz, modified timestamptz,
	fraction_completed double precision, error text, coordinator_id bigint);
COMMENT ON TYPE jobs.job_list_row IS 'a row of SHOW JOBS';

CREATE TYPE jobs.job_row AS (
	job_id bigint, job_type text, description text, statement text, user_name text,
	status text, running_status text, created timestamptz, started timestamptz,
	finished timestamptz, modified timestamptz,
	fraction_completed double precision, error text, coordinator_id bigint,
	trace_id bigint, execution_errors text[]);
COMMENT ON TYPE jobs.job_row IS 'a row of SHOW JOB';

-- The columns, the filter and the order of CockroachDB's SHOW JOBS.
-- A long description is cut as CockroachDB does.
CREATE FUNCTION jobs.list_jobs(automatic boolean) RETURNS SETOF jobs.job_list_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
	SELECT j.job_id, j.job_type,
		   jobs.short_description(j.description),
		   j.user_name, j.status, jobs.one_line(j.running_status),
		   pg_catalog.date_trunc('second', j.created),
		   pg_catalog.date_trunc('second', j.started),
		   pg_catalog.date_trunc('second', j.finished),
		   pg_catalog.date_trunc('second', j.modified),
		   j.fraction_completed, jobs.one_line(j.error), j.coordinator_id
	FROM jobs.recent_jobs j
	WHERE j.automatic = list_jobs.automatic
	ORDER BY coalesce(j.finished, pg_catalog.now()) DESC, j.started DESC, j.job_id DESC;
END;
COMMENT ON FUNCTION jobs.list_jobs(boolean) IS
'jobs.recent_jobs, automatic jobs or the others, in the columns and the order of SHOW JOBS';

CREATE FUNCTION jobs.show_jobs() RETURNS SETOF jobs.job_list_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
	SELECT * FROM jobs.list_jobs(false);
END;
COMMENT ON FUNCTION jobs.show_jobs() IS
'SHOW JOBS: unfinished jobs and those that finished in the last twelve hours, automatic ones left out';

CREATE FUNCTION jobs.show_automatic_jobs() RETURNS SETOF jobs.job_list_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
	SELECT * FROM (
		SELECT * FROM jobs.list_jobs(true)
		UNION ALL
		SELECT a.job_id, a.job_type, jobs.short_description(a.description),
			   a.user_name, a.status, a.running_status,
			   pg_catalog.date_trunc('second', a.created),
			   pg_catalog.date_trunc('second', a.started), a.finished,
			   pg_catalog.date_trunc('second', a.modified),
			   a.fraction_completed, a.error, a.coordinator_id
		FROM jobs.autovacuum_jobs() a) j
	ORDER BY coalesce(j.finished, pg_catalog.now()) DESC, j.started DESC, j.job_id DESC;
END;
COMMENT ON FUNCTION jobs.show_automatic_jobs() IS
'SHOW AUTOMATIC JOBS: as SHOW JOBS, the automatic ones only';

CREATE FUNCTION jobs.show_jobs(job_ids bigint[]) RETURNS SETOF jobs.job_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
	SELECT j.job_id, j.job_type, j.description, j.statement, j.user_name,
		   j.status, j.running_status, j.created, j.started, j.finished,
		   j.modified, j.fraction_completed, j.error, j.coordinator_id,
		   NULL::bigint, NULL::text[]
	FROM jobs.jobs j
	WHERE j.job_id = ANY (job_ids)
	ORDER BY j.job_id;
END;
COMMENT ON FUNCTION jobs.show_jobs(bigint[]) IS
'SHOW JOB and SHOW JOBS with ids: these jobs, whatever their age and type';

CREATE FUNCTION jobs.show_jobs_for_schedules(schedule_ids bigint[]) RETURNS SETOF jobs.job_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
	SELECT * FROM jobs.show_jobs(ARRAY(
		SELECT j.job_id FROM jobs.jobs j
		WHERE j.created_by_type = 'crdb_schedule' AND j.created_by_id = ANY (schedule_ids)));
END;
COMMENT ON FUNCTION jobs.show_jobs_for_schedules(bigint[]) IS
'SHOW JOBS FOR SCHEDULES: the jobs that these schedules have made, whatever their age';

CREATE FUNCTION jobs.show_jobs_when_complete(job_ids bigint[]) RETURNS SETOF jobs.job_row
AS 'MODULE_PATHNAME', 'cj_fn_show_jobs_when_complete'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION jobs.show_jobs_when_complete(bigint[]) IS
'SHOW JOB WHEN COMPLETE: wait until these jobs have come to their end, then show them as jobs.show_jobs()';

-- Passwords, and what parameters of a URI that are called so say.
CREATE FUNCTION jobs.redact_uri(uri text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.regexp_replace(
		pg_catalog.regexp_replace(uri, '^([^:/?#]+://[^:/?#]*:).*@', '\1redacted@'),
		'([?&][^=&#]*(secret|password|passwd|key|token|credential|auth|cert|sig)[^=&#]*=)[^&#]*',
		'\1redacted', 'gi');
END;
COMMENT ON FUNCTION jobs.redact_uri(text) IS 'a URI without the secrets in it';

-- What a changefeed is, it says in its arguments and its checkpoint.
CREATE VIEW jobs.changefeed_jobs WITH (security_barrier) AS
SELECT j.job_id, j.description, j.user_name::text AS user_name, j.status, j.running_status,
	   j.created, j.started, j.finished, j.modified,
	   (r.checkpoint ->> 'high_water')::numeric AS high_water_timestamp,
	   pg_catalog.to_timestamp(((r.checkpoint ->> 'high_water')::numeric / 1000000000)::double precision)
		   AS readable_high_water_timestamptz,
	   j.error, jobs.redact_uri(r.arguments ->> 'sink_uri') AS sink_uri,
	   CASE WHEN pg_catalog.jsonb_typeof(r.arguments -> 'full_table_names') = 'array'
			THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text(r.arguments -> 'full_table_names'))
			ELSE '{}' END AS full_table_names,
	   CASE WHEN pg_catalog.jsonb_typeof(r.arguments -> 'topics') = 'array'
			THEN (SELECT pg_catalog.string_agg(t.topic, ',') FROM pg_catalog.jsonb_array_elements_text(r.arguments -> 'topics') t(topic))
			ELSE r.arguments ->> 'topics' END AS topics,
	   coalesce(r.arguments ->> 'format', 'json') AS format
FROM jobs.jobs j JOIN jobs.job r ON r.job_id = j.job_id
WHERE j.job_type = 'CHANGEFEED';

COMMENT ON VIEW jobs.changefeed_jobs IS 'the changefeeds that the current user may see';
COMMENT ON COLUMN jobs.changefeed_jobs.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.changefeed_jobs.description IS 'one line for people';
COMMENT ON COLUMN jobs.changefeed_jobs.user_name IS 'owner of the job';
COMMENT ON COLUMN jobs.changefeed_jobs.status IS 'state of the job';
COMMENT ON COLUMN jobs.changefeed_jobs.running_status IS 'what the job says it is doing, or why it is paused';
COMMENT ON COLUMN jobs.changefeed_jobs.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.changefeed_jobs.started IS 'when a worker took the job up first';
COMMENT ON COLUMN jobs.changefeed_jobs.finished IS 'when the job reached its last state';
COMMENT ON COLUMN jobs.changefeed_jobs.modified IS 'when the job''s row was last changed';
COMMENT ON COLUMN jobs.changefeed_jobs.high_water_timestamp IS 'up to when all changes have been sent, in nanoseconds';
COMMENT ON COLUMN jobs.changefeed_jobs.readable_high_water_timestamptz IS 'the same as a time';
COMMENT ON COLUMN jobs.changefeed_jobs.error IS 'why the job failed or was cancelled; empty if there is no error';
COMMENT ON COLUMN jobs.changefeed_jobs.sink_uri IS 'where the changes go, without secrets';
COMMENT ON COLUMN jobs.changefeed_jobs.full_table_names IS 'the tables whose changes are sent';
COMMENT ON COLUMN jobs.changefeed_jobs.topics IS 'the topics they are sent to';
COMMENT ON COLUMN jobs.changefeed_jobs.format IS 'the format they are sent in';

CREATE FUNCTION jobs.resolved_timestamp(job_id bigint) RETURNS numeric
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT j.high_water_timestamp FROM jobs.changefeed_jobs j
	WHERE j.job_id = resolved_timestamp.job_id;
END;
COMMENT ON FUNCTION jobs.resolved_timestamp(bigint) IS
'up to when a changefeed has sent all changes, in nanoseconds: the column that SHOW JOBS WITH RESOLVED TIMESTAMP adds';

CREATE FUNCTION jobs.show_changefeed_jobs() RETURNS SETOF jobs.changefeed_jobs
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
	SELECT c.* FROM jobs.changefeed_jobs c JOIN jobs.recent_jobs j ON j.job_id = c.job_id
	ORDER BY coalesce(c.finished, pg_catalog.now()) DESC, c.started DESC, c.job_id DESC;
END;
COMMENT ON FUNCTION jobs.show_changefeed_jobs() IS
'SHOW CHANGEFEED JOBS: unfinished changefeeds and those that finished in the last twelve hours';

CREATE FUNCTION jobs.show_changefeed_jobs(job_ids bigint[]) RETURNS SETOF jobs.changefeed_jobs
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
	SELECT c.* FROM jobs.changefeed_jobs c
	WHERE c.job_id = ANY (job_ids)
	ORDER BY c.job_id;
END;
COMMENT ON FUNCTION jobs.show_changefeed_jobs(bigint[]) IS
'SHOW CHANGEFEED JOB and SHOW CHANGEFEED JOBS with ids: these changefeeds, whatever their age';

-- Numbers of all users' jobs: for who may read all statistics.
CREATE VIEW jobs.stats AS
SELECT job_type, submitted, started, succeeded, failed, canceled,
	   revert_failed, retried, revert_retried, seconds,
	   schedules_started, schedules_succeeded, schedules_failed, stats_reset
FROM jobs.counters();

COMMENT ON VIEW jobs.stats IS 'what has become of the jobs of this database since the server started, by type';
COMMENT ON COLUMN jobs.stats.job_type IS 'what the jobs do, for example SQL';
COMMENT ON COLUMN jobs.stats.submitted IS 'jobs submitted';
COMMENT ON COLUMN jobs.stats.started IS 'jobs that were started; a job that is resumed or tried again was started once';
COMMENT ON COLUMN jobs.stats.succeeded IS 'jobs that ended as succeeded';
COMMENT ON COLUMN jobs.stats.failed IS 'jobs that ended as failed';
COMMENT ON COLUMN jobs.stats.canceled IS 'jobs that ended as canceled';
COMMENT ON COLUMN jobs.stats.revert_failed IS 'jobs that ended as revert-failed; each time, if CANCEL JOB had their clean-up tried again';
COMMENT ON COLUMN jobs.stats.retried IS 'attempts that failed and were to be followed by another one, clean-ups included';
COMMENT ON COLUMN jobs.stats.revert_retried IS 'of these, attempts at a clean-up';
COMMENT ON COLUMN jobs.stats.seconds IS 'time that workers spent on attempts that have ended, clean-ups included';
COMMENT ON COLUMN jobs.stats.schedules_started IS 'jobs that schedules started';
COMMENT ON COLUMN jobs.stats.schedules_succeeded IS 'of these, jobs that ended as succeeded';
COMMENT ON COLUMN jobs.stats.schedules_failed IS 'of these, jobs that ended otherwise; and those that could not be started';
COMMENT ON COLUMN jobs.stats.stats_reset IS 'when all these numbers were 0';

CREATE VIEW jobs.stats_unfinished AS
SELECT j.job_type, j.state AS status, count(*) AS jobs, min(j.created) AS oldest
FROM jobs.queue q JOIN jobs.job j ON j.job_id = q.job_id
GROUP BY j.job_type, j.state;

COMMENT ON VIEW jobs.stats_unfinished IS 'how many jobs of this database have not come to their end, by type and state';
COMMENT ON COLUMN jobs.stats_unfinished.job_type IS 'what the jobs do, for example SQL';
COMMENT ON COLUMN jobs.stats_unfinished.status IS 'state of the jobs';
COMMENT ON COLUMN jobs.stats_unfinished.jobs IS 'number of jobs';
COMMENT ON COLUMN jobs.stats_unfinished.oldest IS 'when the oldest of them was submitted';
