-- Which CREATE EXTENSION this is.  A dump leaves it out, while pg_upgrade and the
-- copy of a database take it along: so a schedule knows where it belongs.
CREATE TABLE jobs.installation (
	installation uuid PRIMARY KEY DEFAULT gen_random_uuid()
);
COMMENT ON TABLE jobs.installation IS 'what tells this installation from one that a dump was restored into';
COMMENT ON COLUMN jobs.installation.installation IS 'made by CREATE EXTENSION';
INSERT INTO jobs.installation DEFAULT VALUES;

CREATE SEQUENCE jobs.schedule_id_seq AS bigint;
COMMENT ON SEQUENCE jobs.schedule_id_seq IS 'ids of schedules';

CREATE TABLE jobs.schedule (
	schedule_id bigint PRIMARY KEY DEFAULT nextval('jobs.schedule_id_seq'),
	label text NOT NULL,
	owner regrole NOT NULL,
	held boolean NOT NULL DEFAULT false,
	executor_type text NOT NULL,
	recurrence text NOT NULL,
	timezone text,
	once boolean NOT NULL,
	next_run timestamptz,
	due timestamptz,
	following timestamptz,
	planned timestamptz NOT NULL,
	state text NOT NULL DEFAULT '',
	on_previous_running text NOT NULL,
	max_running integer NOT NULL,
	on_execution_failure text NOT NULL,
	command jsonb NOT NULL,
	statement text NOT NULL,
	created timestamptz NOT NULL,
	database oid NOT NULL,
	installation uuid NOT NULL
);
COMMENT ON TABLE jobs.schedule IS 'what makes jobs at its times; read it through jobs.schedules';
COMMENT ON COLUMN jobs.schedule.schedule_id IS 'id of the schedule';
COMMENT ON COLUMN jobs.schedule.label IS 'its name, which others may have, too';
COMMENT ON COLUMN jobs.schedule.owner IS 'role as which its jobs run; - once that role was found to be dropped';
COMMENT ON COLUMN jobs.schedule.held IS 'whether another role gave it to its owner, who has not resumed it since and has rights that the other had not';
COMMENT ON COLUMN jobs.schedule.executor_type IS 'type of its jobs';
COMMENT ON COLUMN jobs.schedule.recurrence IS 'when it runs: cron times, @every or @at';
COMMENT ON COLUMN jobs.schedule.timezone IS 'time zone of the cron times; null for the one in recurrence, or UTC';
COMMENT ON COLUMN jobs.schedule.once IS 'whether it runs at one time only';
COMMENT ON COLUMN jobs.schedule.next_run IS 'when it is looked at next; null: it is paused, or ran for the last time';
COMMENT ON COLUMN jobs.schedule.due IS 'the time that this is for, if that is another: a run that was put off, or one that may have to be repeated';
COMMENT ON COLUMN jobs.schedule.following IS 'with due: the next time of the recurrence; null if there is none';
COMMENT ON COLUMN jobs.schedule.planned IS 'what the clock said when next_run was computed: a later time than now, and the clock was set back';
COMMENT ON COLUMN jobs.schedule.state IS 'what became of the last run, if there is something to say';
COMMENT ON COLUMN jobs.schedule.on_previous_running IS 'what to do while an earlier job has not come to its end: wait, skip or start';
COMMENT ON COLUMN jobs.schedule.max_running IS 'with start: unfinished jobs that there may be at a time';
COMMENT ON COLUMN jobs.schedule.on_execution_failure IS 'what to do after a failure: retry, reschedule or pause';
COMMENT ON COLUMN jobs.schedule.command IS 'arguments of its jobs';
COMMENT ON COLUMN jobs.schedule.statement IS 'statement of its jobs';
COMMENT ON COLUMN jobs.schedule.created IS 'when it was created';
COMMENT ON COLUMN jobs.schedule.database IS 'the database that it belongs to: in a copy of that one it is paused';
COMMENT ON COLUMN jobs.schedule.installation IS 'as in jobs.installation: where a dump was restored it is paused';

CREATE INDEX schedule_next_run_idx ON jobs.schedule (next_run, schedule_id)
	WHERE next_run IS NOT NULL;
COMMENT ON INDEX jobs.schedule_next_run_idx IS 'schedules by the time at which they are due';
CREATE INDEX schedule_planned_idx ON jobs.schedule (planned)
	WHERE next_run IS NOT NULL;
COMMENT ON INDEX jobs.schedule_planned_idx IS 'schedules whose time was computed before the clock was set back';
-- Of a function that is not leakproof, and not of the label itself: with that, EXPLAIN
-- ANALYZE of a condition on jobs.schedules would count those of others that fit.
CREATE INDEX schedule_label_idx ON jobs.schedule (pg_catalog.reverse(label));
COMMENT ON INDEX jobs.schedule_label_idx IS 'schedules by their label, for IF NOT EXISTS';

CREATE TABLE jobs.schedule_run (
	run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	schedule_id bigint NOT NULL,
	due timestamptz NOT NULL,
	recorded timestamptz NOT NULL,
	job_id bigint,
	missed bigint NOT NULL,
	outcome text,
	detail text
);
COMMENT ON TABLE jobs.schedule_run IS 'what became of the times at which schedules were due; read it through jobs.schedule_runs';
COMMENT ON COLUMN jobs.schedule_run.run_id IS 'orders the runs';
COMMENT ON SEQUENCE jobs.schedule_run_run_id_seq IS 'ids of runs';
COMMENT ON COLUMN jobs.schedule_run.schedule_id IS 'the schedule';
COMMENT ON COLUMN jobs.schedule_run.due IS 'when it was due';
COMMENT ON COLUMN jobs.schedule_run.recorded IS 'when it was seen to';
COMMENT ON COLUMN jobs.schedule_run.job_id IS 'the job that was started; null if none was';
COMMENT ON COLUMN jobs.schedule_run.missed IS 'how many further times had come meanwhile, for which this run stands, too';
COMMENT ON COLUMN jobs.schedule_run.outcome IS 'last state of the job, null before that; or delayed, skipped or error, if none was started';
COMMENT ON COLUMN jobs.schedule_run.detail IS 'why';

CREATE INDEX schedule_run_schedule_idx ON jobs.schedule_run (schedule_id, run_id);
COMMENT ON INDEX jobs.schedule_run_schedule_idx IS 'the runs of a schedule';
CREATE INDEX schedule_run_unfinished_idx ON jobs.schedule_run (schedule_id, job_id)
	WHERE outcome IS NULL;
COMMENT ON INDEX jobs.schedule_run_unfinished_idx IS 'the runs whose jobs were not known to have come to their end';

-- Schedules are dumped with the database, and the ids that they have.
SELECT pg_catalog.pg_extension_config_dump('jobs.schedule', '');
SELECT pg_catalog.pg_extension_config_dump('jobs.schedule_id_seq', '');
