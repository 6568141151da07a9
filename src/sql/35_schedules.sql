CREATE FUNCTION jobs.create_schedule(label text, command text, recurrence text,
	first_run timestamptz DEFAULT NULL,
	on_execution_failure text DEFAULT 'reschedule',
	on_previous_running text DEFAULT 'wait',
	timezone text DEFAULT NULL,
	max_running integer DEFAULT 10,
	if_not_exists boolean DEFAULT false,
	OUT schedule_id bigint, OUT label text, OUT status text,
	OUT first_run timestamptz, OUT schedule text, OUT command text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_create_schedule'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION jobs.create_schedule(text, text, text, timestamptz, text, text, text, integer, boolean) IS
'make SQL commands jobs of the current user at certain times, as CREATE SCHEDULE .. FOR SQL; no row if a schedule is there already and if_not_exists is true';

CREATE FUNCTION jobs.create_backup_schedule(label text, destination text[], recurrence text,
	tables text[] DEFAULT NULL,
	databases text[] DEFAULT NULL,
	full_backup text DEFAULT NULL,
	options jsonb DEFAULT '{}',
	first_run timestamptz DEFAULT NULL,
	on_execution_failure text DEFAULT 'reschedule',
	on_previous_running text DEFAULT 'wait',
	timezone text DEFAULT NULL,
	max_running integer DEFAULT 10,
	ignore_existing_backups boolean DEFAULT false,
	updates_cluster_last_backup_time_metric boolean DEFAULT false,
	if_not_exists boolean DEFAULT false,
	OUT schedule_id bigint, OUT label text, OUT status text,
	OUT first_run timestamptz, OUT schedule text, OUT backup_stmt text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_create_backup_schedule'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 2;
COMMENT ON FUNCTION jobs.create_backup_schedule(text, text[], text, text[], text[], text, jsonb, timestamptz, text, text, text, integer, boolean, boolean, boolean) IS
'back up at certain times, as CREATE SCHEDULE .. FOR BACKUP; full_backup is a recurrence, or always; the row of the incremental backups comes first';

CREATE FUNCTION jobs.create_changefeed_schedule(label text, sink text, recurrence text,
	tables text[] DEFAULT NULL,
	query text DEFAULT NULL,
	options jsonb DEFAULT '{}',
	first_run timestamptz DEFAULT NULL,
	on_execution_failure text DEFAULT 'reschedule',
	on_previous_running text DEFAULT 'wait',
	timezone text DEFAULT NULL,
	max_running integer DEFAULT 10,
	if_not_exists boolean DEFAULT false,
	OUT schedule_id bigint, OUT label text, OUT status text,
	OUT first_run timestamptz, OUT schedule text, OUT changefeed_stmt text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_create_changefeed_schedule'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION jobs.create_changefeed_schedule(text, text, text, text[], text, jsonb, timestamptz, text, text, text, integer, boolean) IS
'send tables, or the result of a query, at certain times, as CREATE SCHEDULE .. FOR CHANGEFEED';

CREATE FUNCTION jobs.alter_backup_schedule(schedule_id bigint,
	label text DEFAULT NULL,
	destination text[] DEFAULT NULL,
	options jsonb DEFAULT NULL,
	recurrence text DEFAULT NULL,
	full_backup text DEFAULT NULL,
	on_execution_failure text DEFAULT NULL,
	on_previous_running text DEFAULT NULL,
	timezone text DEFAULT NULL,
	max_running integer DEFAULT NULL,
	updates_cluster_last_backup_time_metric boolean DEFAULT NULL,
	execute text DEFAULT NULL,
	OUT schedule_id bigint, OUT label text, OUT status text,
	OUT first_run timestamptz, OUT schedule text, OUT backup_stmt text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_alter_backup_schedule'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 2;
COMMENT ON FUNCTION jobs.alter_backup_schedule(bigint, text, text[], jsonb, text, text, text, text, text, integer, boolean, text) IS
'change a backup schedule and its companion, as ALTER BACKUP SCHEDULE; what is null stays; execute is next or full: that backup at once';

CREATE FUNCTION jobs.pause_schedules(schedule_ids bigint[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_pause_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.pause_schedules(bigint[]) IS
'keep schedules from starting jobs, as PAUSE SCHEDULES; returns how many there were';

CREATE FUNCTION jobs.resume_schedules(schedule_ids bigint[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_resume_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.resume_schedules(bigint[]) IS
'let paused schedules start jobs again, as RESUME SCHEDULES; returns how many there were';

CREATE FUNCTION jobs.drop_schedules(schedule_ids bigint[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_drop_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.drop_schedules(bigint[]) IS
'drop schedules, as DROP SCHEDULES; their jobs go on; returns how many there were';

CREATE FUNCTION jobs.execute_schedules(schedule_ids bigint[])
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_execute_schedules'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.execute_schedules(bigint[]) IS
'start a job of each of these schedules now, as EXECUTE SCHEDULES; returns how many there were';

-- What the state of a schedule says that belongs to another database.
CREATE FUNCTION jobs.copied_schedule_state(database oid) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.format('schedule paused: it belongs to %s, of which this one is a copy; RESUME SCHEDULE lets it run here',
		coalesce((SELECT 'database ' || pg_catalog.quote_ident(d.datname) FROM pg_catalog.pg_database d
				  WHERE d.oid = copied_schedule_state.database
					AND d.datname <> pg_catalog.current_database()),
				 'another database'));
END;
COMMENT ON FUNCTION jobs.copied_schedule_state(oid) IS
'what the state of a schedule says that belongs to another database';

-- A schedule of another database is paused, whether the coordinator has come to
-- it or not.
CREATE VIEW jobs.schedules WITH (security_barrier) AS
SELECT s.schedule_id, s.label,
	   CASE WHEN s.next_run IS NULL OR c.is_copy THEN 'PAUSED' ELSE 'ACTIVE' END AS schedule_status,
	   CASE WHEN NOT c.is_copy THEN s.next_run END AS next_run,
	   CASE WHEN c.is_copy THEN jobs.copied_schedule_state(s.database) ELSE s.state END AS state,
	   CASE WHEN s.once THEN 'NEVER' ELSE s.recurrence END AS recurrence,
	   (SELECT pg_catalog.count(*) FROM jobs.schedule_run r JOIN jobs.job j ON j.job_id = r.job_id
		WHERE r.schedule_id = s.schedule_id AND r.outcome IS NULL AND j.state = 'running') AS jobsrunning,
	   pg_catalog.pg_get_userbyid(s.owner) AS owner,
	   s.created,
	   CASE s.on_previous_running WHEN 'start' THEN 'NO_WAIT' ELSE pg_catalog.upper(s.on_previous_running) END AS on_previous_running,
	   CASE s.on_execution_failure WHEN 'retry' THEN 'RETRY_SOON' WHEN 'pause' THEN 'PAUSE_SCHED' ELSE 'RETRY_SCHED' END AS on_execution_failure,
	   CASE s.executor_type WHEN 'BACKUP' THEN s.command - '{into,options}'::text[] || pg_catalog.jsonb_build_object('backup_statement', s.statement)
							WHEN 'CHANGEFEED' THEN s.command - '{sink_uri,options}'::text[] || pg_catalog.jsonb_build_object('changefeed_statement', s.statement)
							ELSE s.command END AS command,
	   s.executor_type, s.timezone, s.max_running,
	   CASE WHEN s.once THEN s.recurrence END AS runs_at,
	   l.recorded AS last_run, l.job_id AS last_job_id, l.outcome AS last_outcome, l.detail AS last_detail,
	   pg_catalog.format('CREATE SCHEDULE %L FOR %s%s WITH SCHEDULE OPTIONS %s', s.label, s.executor_type,
		   CASE s.executor_type
		   WHEN 'BACKUP' THEN pg_catalog.format(' %s RECURRING %L FULL BACKUP %s', jobs.schedule_work(s.command, false, false),
												CASE WHEN s.command ? 'backup_type' THEN s.recurrence ELSE coalesce(o.recurrence, s.recurrence) END,
												CASE WHEN o.schedule_id IS NULL THEN 'ALWAYS'
													 ELSE pg_catalog.quote_literal(CASE WHEN s.command ? 'backup_type' THEN o.recurrence ELSE s.recurrence END) END)
		   WHEN 'CHANGEFEED' THEN pg_catalog.format(' %s RECURRING %L', jobs.schedule_work(s.command, false, false), s.recurrence)
		   ELSE pg_catalog.format(' %L RECURRING %L', s.statement, s.recurrence) END,
		   pg_catalog.concat_ws(', ',
			   'on_execution_failure = ' || pg_catalog.quote_literal(pg_catalog.upper(s.on_execution_failure)),
			   'on_previous_running = ' || pg_catalog.quote_literal(pg_catalog.upper(CASE WHEN s.command ? 'backup_type' THEN o.on_previous_running ELSE s.on_previous_running END)),
			   'max_running = ' || s.max_running,
			   'timezone = ' || pg_catalog.quote_literal(s.timezone),
			   CASE WHEN s.command ? 'ignore_existing_backups' THEN 'ignore_existing_backups' END,
			   CASE WHEN s.command ? 'updates_last_backup_metric' THEN 'updates_cluster_last_backup_time_metric' END)) AS create_statement
FROM jobs.schedule s
	 CROSS JOIN LATERAL (SELECT s.database <> (SELECT d.oid FROM pg_catalog.pg_database d
											   WHERE d.datname = pg_catalog.current_database())
								OR s.installation <> (SELECT i.installation FROM jobs.installation i) AS is_copy) c
	 LEFT JOIN LATERAL (SELECT r.recorded, r.job_id, r.outcome, r.detail FROM jobs.schedule_run r
						WHERE r.schedule_id = s.schedule_id ORDER BY r.run_id DESC LIMIT 1) l ON true
	 LEFT JOIN jobs.schedule o ON o.schedule_id = (s.command ->> 'dependent_schedule_id')::bigint
WHERE ((SELECT jobs.may_see_all_schedules()) OR pg_catalog.pg_has_role(s.owner, 'USAGE'));

COMMENT ON VIEW jobs.schedules IS 'the schedules that the current user may see';
COMMENT ON COLUMN jobs.schedules.schedule_id IS 'id of the schedule';
COMMENT ON COLUMN jobs.schedules.label IS 'its name, which others may have, too';
COMMENT ON COLUMN jobs.schedules.schedule_status IS 'ACTIVE, or PAUSED: it is due at no time';
COMMENT ON COLUMN jobs.schedules.next_run IS 'when it is due next; null if it is paused, or ran for the last time';
COMMENT ON COLUMN jobs.schedules.state IS 'what became of the last run, if there is something to say';
COMMENT ON COLUMN jobs.schedules.recurrence IS 'when it runs; NEVER for one that runs once';
COMMENT ON COLUMN jobs.schedules.jobsrunning IS 'its jobs that run at present';
COMMENT ON COLUMN jobs.schedules.owner IS 'role as which its jobs run';
COMMENT ON COLUMN jobs.schedules.created IS 'when it was created';
COMMENT ON COLUMN jobs.schedules.on_previous_running IS 'WAIT, SKIP or NO_WAIT: what to do while an earlier job has not come to its end';
COMMENT ON COLUMN jobs.schedules.on_execution_failure IS 'RETRY_SOON, RETRY_SCHED or PAUSE_SCHED: what to do after a failure';
COMMENT ON COLUMN jobs.schedules.command IS 'what its jobs do';
COMMENT ON COLUMN jobs.schedules.executor_type IS 'type of its jobs';
COMMENT ON COLUMN jobs.schedules.timezone IS 'time zone of its times; null: as recurrence says, or UTC';
COMMENT ON COLUMN jobs.schedules.max_running IS 'unfinished jobs that it may have with NO_WAIT';
COMMENT ON COLUMN jobs.schedules.runs_at IS 'of one that runs once: when';
COMMENT ON COLUMN jobs.schedules.last_run IS 'when it was last due and seen to';
COMMENT ON COLUMN jobs.schedules.last_job_id IS 'the job that was started then';
COMMENT ON COLUMN jobs.schedules.last_outcome IS 'last state of that job, null before that; or delayed, skipped or error';
COMMENT ON COLUMN jobs.schedules.last_detail IS 'why';
COMMENT ON COLUMN jobs.schedules.create_statement IS 'the statement that makes it, without secrets';

-- OFFSET as in jobs.messages.
CREATE VIEW jobs.schedule_runs WITH (security_barrier) AS
SELECT r.run_id, s.schedule_id, s.label, r.due, r.recorded, r.job_id, r.missed, r.outcome, r.detail
FROM jobs.schedule s CROSS JOIN LATERAL (
		SELECT t.run_id, t.due, t.recorded, t.job_id, t.missed, t.outcome, t.detail
		FROM jobs.schedule_run t WHERE t.schedule_id = s.schedule_id OFFSET 0) r
WHERE ((SELECT jobs.may_see_all_schedules()) OR pg_catalog.pg_has_role(s.owner, 'USAGE'));

COMMENT ON VIEW jobs.schedule_runs IS 'what became of the times at which the schedules were due that the current user may see';
COMMENT ON COLUMN jobs.schedule_runs.run_id IS 'orders the runs';
COMMENT ON COLUMN jobs.schedule_runs.schedule_id IS 'the schedule';
COMMENT ON COLUMN jobs.schedule_runs.label IS 'its label';
COMMENT ON COLUMN jobs.schedule_runs.due IS 'when it was due';
COMMENT ON COLUMN jobs.schedule_runs.recorded IS 'when it was seen to';
COMMENT ON COLUMN jobs.schedule_runs.job_id IS 'the job that was started; null if none was';
COMMENT ON COLUMN jobs.schedule_runs.missed IS 'how many further times had come meanwhile, for which this run stands, too';
COMMENT ON COLUMN jobs.schedule_runs.outcome IS 'last state of the job, null before that; or delayed, skipped or error, if none was started';
COMMENT ON COLUMN jobs.schedule_runs.detail IS 'why';

CREATE TYPE jobs.schedule_row AS (
	id bigint, label text, schedule_status text, next_run timestamptz, state text,
	recurrence text, jobsrunning bigint, owner text, created timestamptz,
	on_previous_running text, on_execution_failure text, command jsonb);
COMMENT ON TYPE jobs.schedule_row IS 'a row of SHOW SCHEDULES';

-- The columns of CockroachDB's SHOW SCHEDULES, in the order of their creation.
CREATE FUNCTION jobs.show_schedules(status text, executor text) RETURNS SETOF jobs.schedule_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
	SELECT s.schedule_id, s.label, s.schedule_status, s.next_run, s.state, s.recurrence, s.jobsrunning, s.owner, s.created, s.on_previous_running, s.on_execution_failure, s.command
	FROM jobs.schedules s
	WHERE (show_schedules.status IS NULL OR s.schedule_status = show_schedules.status)
	  AND (show_schedules.executor IS NULL OR s.executor_type = show_schedules.executor)
	ORDER BY s.schedule_id;
END;
COMMENT ON FUNCTION jobs.show_schedules(text, text) IS
'SHOW SCHEDULES: those that are ACTIVE or PAUSED, and that make jobs of this type; null for all';

CREATE FUNCTION jobs.show_schedules() RETURNS SETOF jobs.schedule_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
	SELECT * FROM jobs.show_schedules(NULL, NULL);
END;
COMMENT ON FUNCTION jobs.show_schedules() IS 'SHOW SCHEDULES';

CREATE FUNCTION jobs.show_schedules(schedule_ids bigint[]) RETURNS SETOF jobs.schedule_row
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
	SELECT s.schedule_id, s.label, s.schedule_status, s.next_run, s.state, s.recurrence, s.jobsrunning, s.owner, s.created, s.on_previous_running, s.on_execution_failure, s.command
	FROM jobs.schedules s
	WHERE s.schedule_id = ANY (schedule_ids)
	ORDER BY s.schedule_id;
END;
COMMENT ON FUNCTION jobs.show_schedules(bigint[]) IS 'SHOW SCHEDULE: these schedules';

-- Secrets are taken out: what has some has to be written again by hand.
CREATE FUNCTION jobs.show_create_schedules(schedule_ids bigint[],
	OUT schedule_id bigint, OUT create_statement text)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
	SELECT s.schedule_id, s.create_statement
	FROM jobs.schedules s
	WHERE show_create_schedules.schedule_ids IS NULL OR s.schedule_id = ANY (show_create_schedules.schedule_ids)
	ORDER BY s.schedule_id;
END;
COMMENT ON FUNCTION jobs.show_create_schedules(bigint[]) IS
'SHOW CREATE SCHEDULE: the statements that make these schedules; null for all';
