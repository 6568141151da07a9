CREATE SEQUENCE jobs.job_id_seq AS bigint;
COMMENT ON SEQUENCE jobs.job_id_seq IS 'ids of jobs';

-- The tables have no CHECK constraints: the executor parses them anew for each
-- statement, a tenth of what a small job costs.  Only C code writes here.
CREATE TABLE jobs.job (
	job_id bigint PRIMARY KEY DEFAULT nextval('jobs.job_id_seq'),
	job_type text NOT NULL,
	description text NOT NULL,
	statement text NOT NULL,
	owner regrole NOT NULL,
	state text NOT NULL,
	outcome text,
	database oid NOT NULL,
	arguments jsonb NOT NULL,
	checkpoint jsonb,
	cancelable boolean NOT NULL,
	automatic boolean NOT NULL,
	fraction double precision,
	status text,
	created timestamptz NOT NULL DEFAULT clock_timestamp(),
	started timestamptz,
	finished timestamptz,
	modified timestamptz NOT NULL DEFAULT clock_timestamp(),
	error text,
	sqlstate text,
	revert_error text,
	runs integer NOT NULL DEFAULT 0,
	attempts integer NOT NULL DEFAULT 0,
	revert_runs integer NOT NULL DEFAULT 0,
	next_run timestamptz,
	start_at timestamptz,
	max_attempts integer NOT NULL DEFAULT 1,
	timeout interval,
	priority integer NOT NULL DEFAULT 0,
	exclusive_key text,
	depends_on bigint[],
	on_dependency_failure text NOT NULL DEFAULT 'cancel',
	created_by_type text,
	created_by_id bigint,
	requested_by regrole,
	request_reason text,
	held boolean NOT NULL DEFAULT false,
	result_tag text,
	result_rows bigint,
	claim_server timestamptz,
	claim_generation bigint
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- No index on a column that changes: all updates of a job are heap-only, but for
-- that of a change of owner.
CREATE INDEX job_owner_idx ON jobs.job (owner, job_id);
COMMENT ON INDEX jobs.job_owner_idx IS 'the jobs of an owner, for SHOW JOBS';
CREATE INDEX job_schedule_idx ON jobs.job (created_by_id)
	WHERE created_by_type = 'crdb_schedule';
COMMENT ON INDEX jobs.job_schedule_idx IS 'the jobs that a schedule has made';
COMMENT ON TABLE jobs.job IS 'the registry of jobs; read it through jobs.jobs';
COMMENT ON COLUMN jobs.job.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.job.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.job.description IS 'one line for people, without secrets';
COMMENT ON COLUMN jobs.job.statement IS 'the statement that the job runs, without secrets';
COMMENT ON COLUMN jobs.job.owner IS 'role with whose rights the job runs';
COMMENT ON COLUMN jobs.job.state IS 'state of the job, see src/job/README.md';
COMMENT ON COLUMN jobs.job.outcome IS 'what a job in its clean-up ends as';
COMMENT ON COLUMN jobs.job.database IS 'the database in which the job was submitted: in a copy of that one it does not run';
COMMENT ON COLUMN jobs.job.arguments IS 'arguments in the form of the job type';
COMMENT ON COLUMN jobs.job.checkpoint IS 'where the next run goes on, in the form of the job type';
COMMENT ON COLUMN jobs.job.cancelable IS 'whether CANCEL JOB is allowed';
COMMENT ON COLUMN jobs.job.automatic IS 'whether SHOW JOBS leaves the job out';
COMMENT ON COLUMN jobs.job.fraction IS 'part of the work that is done, 0 to 1; of a running job the last copy';
COMMENT ON COLUMN jobs.job.status IS 'what the job says it is doing; of a running job the last copy';
COMMENT ON COLUMN jobs.job.created IS 'when the job was submitted';
COMMENT ON COLUMN jobs.job.started IS 'when a worker took the job up first';
COMMENT ON COLUMN jobs.job.finished IS 'when the job reached its last state';
COMMENT ON COLUMN jobs.job.modified IS 'when this row was last changed';
COMMENT ON COLUMN jobs.job.error IS 'why the job failed or was cancelled';
COMMENT ON COLUMN jobs.job.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN jobs.job.revert_error IS 'why the last attempt at the clean-up failed';
COMMENT ON COLUMN jobs.job.runs IS 'how often a worker took the job up since it was submitted or resumed';
COMMENT ON COLUMN jobs.job.attempts IS 'how many attempts have failed since it was submitted or resumed';
COMMENT ON COLUMN jobs.job.revert_runs IS 'how often the clean-up failed';
COMMENT ON COLUMN jobs.job.next_run IS 'not before this time is the job taken up';
COMMENT ON COLUMN jobs.job.start_at IS 'the start time that it was submitted with';
COMMENT ON COLUMN jobs.job.max_attempts IS 'how often the work is tried, if it fails with an error that may not come again';
COMMENT ON COLUMN jobs.job.timeout IS 'how long an attempt may take';
COMMENT ON COLUMN jobs.job.priority IS 'which of an owner''s jobs come first: those with the higher number';
COMMENT ON COLUMN jobs.job.exclusive_key IS 'of an owner''s jobs with the same key one runs at a time';
COMMENT ON COLUMN jobs.job.depends_on IS 'ids of the jobs that have to be finished first';
COMMENT ON COLUMN jobs.job.on_dependency_failure IS 'what becomes of the job when one of those does not succeed: cancel or run';
COMMENT ON COLUMN jobs.job.created_by_type IS 'kind of the job''s creator if that is not a user, for example a schedule';
COMMENT ON COLUMN jobs.job.created_by_id IS 'id of the job''s creator';
COMMENT ON COLUMN jobs.job.requested_by IS 'who last asked for a cancel, pause or resume';
COMMENT ON COLUMN jobs.job.request_reason IS 'why, as that user put it';
COMMENT ON COLUMN jobs.job.held IS 'whether the job has the text of a role without the rights of its owner, and nobody with them has let it go on';
COMMENT ON COLUMN jobs.job.result_tag IS 'command tag of the job''s last command';
COMMENT ON COLUMN jobs.job.result_rows IS 'number of rows that command processed';
COMMENT ON COLUMN jobs.job.claim_server IS 'start of the server whose worker has the job';
COMMENT ON COLUMN jobs.job.claim_generation IS 'generation of that worker''s slot; null if no worker has the job';

-- What the coordinator has to know of the unfinished jobs, one row each.  Only
-- submission, the coordinator, and the worker that has the job write it.
CREATE TABLE jobs.queue (
	job_id bigint PRIMARY KEY,
	owner oid NOT NULL,
	job_type text NOT NULL,
	priority integer NOT NULL,
	exclusive_key text,
	claimed boolean NOT NULL DEFAULT false,
	next_run timestamptz,
	blocked text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE jobs.queue IS 'the unfinished jobs, as the coordinator sees them';
COMMENT ON COLUMN jobs.queue.job_id IS 'the job';
COMMENT ON COLUMN jobs.queue.owner IS 'as in jobs.job';
COMMENT ON COLUMN jobs.queue.job_type IS 'as in jobs.job';
COMMENT ON COLUMN jobs.queue.priority IS 'as in jobs.job';
COMMENT ON COLUMN jobs.queue.exclusive_key IS 'as in jobs.job';
COMMENT ON COLUMN jobs.queue.claimed IS 'whether a worker has the job';
COMMENT ON COLUMN jobs.queue.next_run IS 'not before this time is the job taken up';
COMMENT ON COLUMN jobs.queue.blocked IS 'what the job waits for: its dependencies, its exclusive key, or to be resumed';

-- Jobs that can be taken up now, an owner's most urgent one first.
CREATE INDEX queue_ready_idx ON jobs.queue (owner, priority DESC, job_id)
	WHERE NOT claimed AND next_run IS NULL AND blocked IS NULL;
COMMENT ON INDEX jobs.queue_ready_idx IS 'jobs that can be taken up';

CREATE INDEX queue_next_run_idx ON jobs.queue (next_run)
	WHERE next_run IS NOT NULL;
COMMENT ON INDEX jobs.queue_next_run_idx IS 'jobs that wait for their time';

CREATE INDEX queue_claimed_idx ON jobs.queue (job_id) WHERE claimed;
COMMENT ON INDEX jobs.queue_claimed_idx IS 'jobs that a worker has';

CREATE INDEX queue_waiting_idx ON jobs.queue (owner, exclusive_key, priority DESC, job_id)
	WHERE blocked = 'exclusive' AND next_run IS NULL;
COMMENT ON INDEX jobs.queue_waiting_idx IS 'jobs that wait for their exclusive key';

CREATE INDEX queue_exclusive_idx ON jobs.queue (owner, exclusive_key)
	WHERE exclusive_key IS NOT NULL;
COMMENT ON INDEX jobs.queue_exclusive_idx IS 'unfinished jobs by their exclusive key';

-- The promise itself: never two of a key at a time.
CREATE UNIQUE INDEX queue_holder_idx ON jobs.queue (owner, exclusive_key)
	WHERE exclusive_key IS NOT NULL AND next_run IS NULL AND blocked IS NULL;
COMMENT ON INDEX jobs.queue_holder_idx IS 'the job that has an exclusive key, or is the next to have it';

CREATE TABLE jobs.dependency (
	job_id bigint NOT NULL,
	depends_on bigint NOT NULL,
	PRIMARY KEY (job_id, depends_on)
);
COMMENT ON TABLE jobs.dependency IS 'what unfinished jobs wait for';
COMMENT ON COLUMN jobs.dependency.job_id IS 'the job that waits';
COMMENT ON COLUMN jobs.dependency.depends_on IS 'the job that has to be finished first';
CREATE INDEX dependency_depends_on_idx ON jobs.dependency (depends_on);
COMMENT ON INDEX jobs.dependency_depends_on_idx IS 'the jobs that wait for a job';

CREATE TABLE jobs.message (
	message_id bigint GENERATED ALWAYS AS IDENTITY,
	job_id bigint NOT NULL,
	recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
	kind text NOT NULL,
	sqlstate text,
	message text NOT NULL,
	PRIMARY KEY (job_id, message_id)
);
COMMENT ON TABLE jobs.message IS 'what happened to a job and what it said; read it through jobs.messages';
COMMENT ON COLUMN jobs.message.message_id IS 'orders the messages of a job';
COMMENT ON SEQUENCE jobs.message_message_id_seq IS 'ids of messages';
COMMENT ON COLUMN jobs.message.job_id IS 'the job';
COMMENT ON COLUMN jobs.message.recorded IS 'when it happened';
COMMENT ON COLUMN jobs.message.kind IS 'state (a change of state), notice, warning or error';
COMMENT ON COLUMN jobs.message.sqlstate IS 'SQLSTATE of a notice, warning or error';
COMMENT ON COLUMN jobs.message.message IS 'the text';

-- Written when the fraction has moved, at most a thousand rows a job.
CREATE TABLE jobs.progress_point (
	point_id bigint GENERATED ALWAYS AS IDENTITY,
	job_id bigint NOT NULL,
	recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
	fraction double precision NOT NULL,
	PRIMARY KEY (job_id, point_id)
);
COMMENT ON TABLE jobs.progress_point IS 'how far jobs were at which time; read it through jobs.progress_history';
COMMENT ON COLUMN jobs.progress_point.point_id IS 'orders the points of a job';
COMMENT ON SEQUENCE jobs.progress_point_point_id_seq IS 'ids of points';
COMMENT ON COLUMN jobs.progress_point.job_id IS 'the job';
COMMENT ON COLUMN jobs.progress_point.recorded IS 'when it was so far';
COMMENT ON COLUMN jobs.progress_point.fraction IS 'part of the work that was done, 0 to 1';

-- Finished jobs by time, for SHOW JOBS and retention: an index on the job would
-- keep its last update from being heap-only.
CREATE INDEX message_finished_idx ON jobs.message (recorded, job_id)
	WHERE kind = 'state' AND message IN ('succeeded', 'failed', 'canceled', 'revert-failed');
COMMENT ON INDEX jobs.message_finished_idx IS 'when jobs reached a last state';

-- By oid: a role of the same name that somebody makes later carries nothing.
CREATE TABLE jobs.system_privilege (
	privilege text PRIMARY KEY,
	role regrole
);
COMMENT ON TABLE jobs.system_privilege IS 'the roles whose members have the system privileges';
COMMENT ON COLUMN jobs.system_privilege.privilege IS 'CONTROLJOB, REPAIRCLUSTER or VIEWJOB';
COMMENT ON COLUMN jobs.system_privilege.role IS 'the role that carries it; null for none';
