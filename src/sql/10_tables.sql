CREATE SEQUENCE jobs.job_id_seq AS bigint;
COMMENT ON SEQUENCE jobs.job_id_seq IS 'ids of jobs';

CREATE TABLE jobs.job (
	job_id bigint PRIMARY KEY DEFAULT nextval('jobs.job_id_seq'),
	job_type text NOT NULL,
	description text NOT NULL,
	statement text NOT NULL,
	owner regrole NOT NULL,
	state text NOT NULL CHECK (state IN
		('pending', 'running', 'paused', 'pause-requested',
		 'cancel-requested', 'reverting', 'succeeded', 'failed', 'canceled',
		 'revert-failed')),
	outcome text CHECK (outcome IN ('failed', 'canceled')),
	arguments jsonb NOT NULL,
	checkpoint jsonb,
	cancelable boolean NOT NULL,
	automatic boolean NOT NULL,
	fraction double precision CHECK (fraction BETWEEN 0 AND 1),
	status text,
	created timestamptz NOT NULL DEFAULT clock_timestamp(),
	started timestamptz,
	finished timestamptz,
	modified timestamptz NOT NULL DEFAULT clock_timestamp(),
	error text,
	sqlstate text,
	revert_error text,
	runs integer NOT NULL DEFAULT 0,
	revert_runs integer NOT NULL DEFAULT 0,
	next_run timestamptz,
	created_by_type text,
	created_by_id bigint,
	requested_by regrole,
	request_reason text,
	result_tag text,
	result_rows bigint,
	claim_server timestamptz,
	claim_generation bigint
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE jobs.job IS 'the registry of jobs; read it through jobs.jobs';
COMMENT ON COLUMN jobs.job.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.job.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.job.description IS 'one line for people, without secrets';
COMMENT ON COLUMN jobs.job.statement IS 'the statement that the job runs, without secrets';
COMMENT ON COLUMN jobs.job.owner IS 'role with whose rights the job runs';
COMMENT ON COLUMN jobs.job.state IS 'state of the job, see src/job/README.md';
COMMENT ON COLUMN jobs.job.outcome IS 'what a job in its clean-up ends as';
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
COMMENT ON COLUMN jobs.job.revert_runs IS 'how often the clean-up failed';
COMMENT ON COLUMN jobs.job.next_run IS 'not before this time is the job taken up';
COMMENT ON COLUMN jobs.job.created_by_type IS 'kind of the job''s creator if that is not a user, for example a schedule';
COMMENT ON COLUMN jobs.job.created_by_id IS 'id of the job''s creator';
COMMENT ON COLUMN jobs.job.requested_by IS 'who last asked for a cancel, pause or resume';
COMMENT ON COLUMN jobs.job.request_reason IS 'why, as that user put it';
COMMENT ON COLUMN jobs.job.result_tag IS 'command tag of the job''s last command';
COMMENT ON COLUMN jobs.job.result_rows IS 'number of rows that command processed';
COMMENT ON COLUMN jobs.job.claim_server IS 'start of the server whose worker has the job';
COMMENT ON COLUMN jobs.job.claim_generation IS 'generation of that worker''s slot; null if no worker has the job';

-- What the coordinator takes up next, in the order of submission.
CREATE INDEX job_due_idx ON jobs.job (job_id)
	WHERE claim_generation IS NULL AND state IN ('pending', 'running', 'reverting');
COMMENT ON INDEX jobs.job_due_idx IS 'jobs that wait for a worker';

-- Requests for jobs that no worker has.
CREATE INDEX job_request_idx ON jobs.job (state)
	WHERE claim_generation IS NULL AND state IN ('cancel-requested', 'pause-requested');
COMMENT ON INDEX jobs.job_request_idx IS 'requests that the coordinator carries out';

CREATE INDEX job_claim_idx ON jobs.job (claim_generation)
	WHERE claim_generation IS NOT NULL;
COMMENT ON INDEX jobs.job_claim_idx IS 'jobs that a worker has';

-- SHOW JOBS: unfinished jobs and those that finished lately.
CREATE INDEX job_finished_idx ON jobs.job (finished);
COMMENT ON INDEX jobs.job_finished_idx IS 'jobs by the time they finished';

CREATE TABLE jobs.message (
	message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	job_id bigint NOT NULL,
	recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
	kind text NOT NULL CHECK (kind IN ('state', 'notice', 'warning', 'error')),
	sqlstate text,
	message text NOT NULL
);
COMMENT ON TABLE jobs.message IS 'what happened to a job and what it said; read it through jobs.messages';
COMMENT ON COLUMN jobs.message.message_id IS 'orders the messages of a job';
COMMENT ON COLUMN jobs.message.job_id IS 'the job';
COMMENT ON COLUMN jobs.message.recorded IS 'when it happened';
COMMENT ON COLUMN jobs.message.kind IS 'state (a change of state), notice, warning or error';
COMMENT ON COLUMN jobs.message.sqlstate IS 'SQLSTATE of a notice, warning or error';
COMMENT ON COLUMN jobs.message.message IS 'the text';

CREATE INDEX message_job_id_idx ON jobs.message (job_id, message_id);
COMMENT ON INDEX jobs.message_job_id_idx IS 'messages of a job in their order';
