--
-- Waiting for jobs, SHOW JOB WHEN COMPLETE, and the counters.
--
CREATE TABLE test.waits (name text PRIMARY KEY, job bigint);
GRANT ALL ON test.waits TO PUBLIC;
CREATE FUNCTION test.job(text) RETURNS bigint LANGUAGE sql AS
	'SELECT job FROM test.waits WHERE name = $1';
-- Notices of how jobs ended have their ids.
SET client_min_messages = warning;

-- Nothing to wait for: no job, unknown ones, ended ones.
SELECT jobs.wait(NULL::bigint), jobs.wait(NULL::bigint[]), jobs.wait('{}'::bigint[]),
	jobs.wait('{NULL}'::bigint[]), jobs.wait(-1), jobs.wait('{-1,-2,-1}'::bigint[]);
CALL jobs.wait_for(NULL::bigint);
CALL jobs.wait_for('{-1}'::bigint[]);
SELECT jobs.submit('SELECT 1') AS done \gset
SELECT jobs.wait(:done);
SELECT jobs.wait(:done), jobs.wait(:done, '0'), jobs.wait(ARRAY[:done, :done, -1]);
SELECT status FROM [SHOW JOB :done];

-- It ends in each of the last states.
SELECT jobs.submit('SELECT 1/0') AS fails, jobs.submit('SELECT pg_sleep(600)') AS sleeps \gset
CANCEL JOB :sleeps;
SELECT jobs.wait(ARRAY[:fails, :sleeps]);
SELECT status FROM [SHOW JOBS WHEN COMPLETE VALUES (:fails), (:sleeps)] ORDER BY 1;

-- How they ended is an error, if that is wanted; so is a pause.
SELECT test.try(format('SELECT jobs.wait(%s, strict => true)', :fails));
SELECT jobs.submit('SELECT pg_sleep(600)') AS sleeps \gset
CANCEL JOB :sleeps WITH REASON = 'too slow';
SELECT jobs.wait(:sleeps);
\set VERBOSITY terse
CALL jobs.wait_for(:sleeps, strict => true);
\set VERBOSITY default
DO $$
DECLARE
	detail text;
BEGIN
	PERFORM jobs.wait((SELECT max(job_id) FROM jobs.jobs), strict => true);
EXCEPTION WHEN query_canceled THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE WARNING '%', regexp_replace(replace(detail, current_user, 'ME'), '\d+', 'N');
END $$;
SELECT jobs.wait(:done, strict => true), jobs.wait(-1, strict => true);
SELECT jobs.submit('SELECT pg_sleep(600)') AS sleeps \gset
PAUSE JOB :sleeps WITH REASON = 'be back soon';
SELECT test.try(format('SELECT jobs.wait(%s, strict => true)', :sleeps));
RESUME JOB :sleeps;
CALL test.wait_for(:sleeps, 'running');
PAUSE JOB :sleeps;
SELECT test.try(format('SELECT jobs.wait(%s, strict => true)', :sleeps));
SELECT jobs.wait(:sleeps, '0', true);
CANCEL JOB :sleeps;

-- The time is over before.
SELECT jobs.submit('SELECT pg_sleep(600)') AS sleeps \gset
INSERT INTO test.waits VALUES ('sleeps', :sleeps);
SELECT jobs.wait(:sleeps, '0'), jobs.wait(:sleeps, '1 microsecond'), jobs.wait(:sleeps, '10 ms'),
	jobs.wait(ARRAY[:done, :sleeps], '1 month -30 days 10 ms');
SELECT test.try(format('CALL jobs.wait_for(%s, ''10 ms'')', :sleeps));
CALL jobs.wait_for(:sleeps, '10 ms');
SET jobs.debug_wait_limit = '10 ms';
SHOW JOB WHEN COMPLETE :sleeps;
RESET jobs.debug_wait_limit;

-- Cancelled, terminated by a timeout, rolled back: another wait works.
SET statement_timeout = '10 ms';
SELECT jobs.wait(:sleeps);
SHOW JOB WHEN COMPLETE :sleeps;
CALL jobs.wait_for(:sleeps);
RESET statement_timeout;
DO $$
DECLARE
	shown record;
BEGIN
	PERFORM set_config('jobs.debug_wait_limit', '10', true);
	FOR shown IN SHOW JOB WHEN COMPLETE test.job('sleeps') LOOP
		RAISE WARNING 'unexpected: %', shown.status;
	END LOOP;
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE WARNING '%', sqlerrm;
END $$;
SELECT jobs.wait(:sleeps, '10 ms');

-- Errors.
SELECT test.try('SELECT jobs.wait(1, ''-1 s'')');
SELECT test.try('SELECT jobs.wait(''{1}''::bigint[], ''-1 month'')');
SELECT test.try('SELECT jobs.wait(NULL::bigint, ''-1 microsecond'')');
BEGIN;
SELECT jobs.submit('SELECT 1') AS mine \gset
SELECT test.try(format('SELECT jobs.wait(%s)', :mine));
SELECT test.try(format('SELECT FROM [SHOW JOBS WHEN COMPLETE VALUES (%s), (%s)]', :sleeps, :mine));
ROLLBACK;
SELECT jobs.wait(:mine);
BEGIN;
SAVEPOINT s;
CANCEL JOB :sleeps;
SELECT test.try(format('SELECT jobs.wait(%s)', :sleeps));
ROLLBACK TO s;
SELECT jobs.wait(:sleeps, '10 ms');
SAVEPOINT s;
RESUME JOB :sleeps;
RELEASE s;
SELECT jobs.wait(:sleeps, '10 ms');
SELECT jobs.wait(:done);
SELECT test.try(format('CALL jobs.wait_for(%s)', :sleeps));
ROLLBACK;
BEGIN;
CALL jobs.wait_for(:done);
ROLLBACK;

-- A job waits for others, but not for itself.
SELECT jobs.submit('SELECT jobs.wait(test.my_job())') AS self,
	jobs.submit('CALL jobs.wait_for(jobs.submit(''SELECT 1''))') AS other \gset
SELECT error ~ '^job \d+ cannot wait for itself$' FROM [SHOW JOB WHEN COMPLETE :self];
SELECT status, error FROM [SHOW JOB WHEN COMPLETE :other];

-- In transactions of other kinds.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status FROM [SHOW JOB :done];
SELECT jobs.wait(:sleeps, '10 ms'), jobs.wait(:done);
COMMIT;
BEGIN READ ONLY;
SELECT jobs.wait(:sleeps, '10 ms'), jobs.wait(:done);
COMMIT;

-- Many.
INSERT INTO test.waits SELECT 'many ' || i, jobs.submit('SELECT 1') FROM generate_series(1, 100) i;
SELECT jobs.wait(array_agg(job)) FROM test.waits WHERE name LIKE 'many %';
SELECT status, count(*) FROM [SHOW JOBS SELECT job FROM test.waits WHERE name LIKE 'many %'] GROUP BY 1;

-- Others' jobs are as good as none.
SET ROLE regress_jobs_alice;
SELECT jobs.wait(:sleeps), jobs.wait(ARRAY[:sleeps, :done]);
SHOW JOB WHEN COMPLETE :sleeps \g | tail -n 2
SELECT jobs.submit('SELECT pg_sleep(600)') AS hers \gset
SET ROLE regress_jobs_bob;
SELECT jobs.wait(:hers, '10 ms');
SET ROLE regress_jobs_alice;
SELECT jobs.wait(:hers, '10 ms');
RESET ROLE;
SELECT jobs.wait(:hers, '10 ms');
CANCEL JOBS VALUES (:hers), (:sleeps);
SELECT status FROM [SHOW JOB WHEN COMPLETE :hers];
CALL jobs.wait_for(:sleeps);

-- A job that would wait for the snapshot of a query that waits for it.
CREATE TABLE test.indexed AS SELECT 1 AS i;
SELECT jobs.submit('CREATE INDEX CONCURRENTLY indexed_idx ON test.indexed (i)') AS concurrent \gset
CALL jobs.wait_for(:concurrent);
SELECT status, error FROM [SHOW JOB :concurrent];

-- The counters: what this session's next jobs add to them.
CREATE TABLE test.before AS SELECT * FROM jobs.stats;
SELECT jobs.submit('SELECT pg_sleep(0.05)') AS a, jobs.submit('SELECT 1/0') AS b,
	jobs.submit('SELECT pg_sleep(600)') AS c \gset
CALL jobs.wait_for(ARRAY[:a, :b]::bigint[]);
CALL test.wait_for(:c, 'running');
PAUSE JOB :c;
CALL test.wait_for(:c, 'paused');
SELECT job_type, status, jobs, oldest = (SELECT created FROM [SHOW JOB :c]) AS oldest FROM jobs.stats_unfinished;
SELECT currently_running, currently_paused FROM jobs.metrics;
RESUME JOB :c;
CALL test.wait_for(:c, 'running');
CANCEL JOB :c;
SELECT jobs.wait(:c);
ALTER ROLE CURRENT_USER SET jobs.registry_retry_initial_delay = '1ms';
ALTER ROLE CURRENT_USER SET jobs.revert_max_attempts = 2;
SELECT jobs.submit('SELECT 1/0', on_cancel => 'SELECT 1/0') AS d \gset
CALL jobs.wait_for(:d);
ALTER ROLE CURRENT_USER RESET jobs.registry_retry_initial_delay;
ALTER ROLE CURRENT_USER RESET jobs.revert_max_attempts;
BEGIN;
SELECT jobs.submit('SELECT 1') IS NULL AS rolled_back;
ROLLBACK;
SELECT n.submitted - b.submitted AS submitted, n.started - b.started AS started,
	n.succeeded - b.succeeded AS succeeded, n.failed - b.failed AS failed,
	n.canceled - b.canceled AS canceled, n.revert_failed - b.revert_failed AS revert_failed,
	n.retried - b.retried AS retried, n.revert_retried - b.revert_retried AS revert_retried, n.seconds - b.seconds BETWEEN 0.05 AND 60 AS seconds,
	n.stats_reset = b.stats_reset AS same_start, n.stats_reset <= now() AS started_before
FROM jobs.stats n JOIN test.before b USING (job_type);
SELECT * FROM jobs.stats_unfinished;
SELECT m.currently_running, m.currently_paused, m.resume_completed = n.succeeded AS resume_completed,
	m.resume_failed = n.failed AS resume_failed, m.resume_retry_error = n.retried - n.revert_retried AS resume_retry_error,
	m.fail_or_cancel_completed = n.failed + n.canceled AS fail_or_cancel_completed,
	m.fail_or_cancel_failed = n.revert_failed AS fail_or_cancel_failed,
	m.fail_or_cancel_retry_error = n.revert_retried AS fail_or_cancel_retry_error
FROM jobs.metrics m JOIN jobs.stats n USING (job_type);

-- Who may see them.
CREATE ROLE regress_jobs_monitor IN ROLE pg_monitor;
SET ROLE regress_jobs_monitor;
SELECT job_type, submitted > 0 AS submitted FROM jobs.stats;
SELECT count(*) FROM jobs.stats_unfinished;
SELECT count(*) FROM jobs.jobs;
SET ROLE regress_jobs_alice;
SELECT test.try('SELECT count(*) FROM jobs.stats');
SELECT test.try('SELECT count(*) FROM jobs.stats_unfinished');
SELECT test.try('SELECT count(*) FROM jobs.counters()');
SELECT test.try('SELECT count(*) FROM jobs.metrics');
RESET ROLE;
DROP ROLE regress_jobs_monitor;

DROP FUNCTION test.job;
DROP TABLE test.waits, test.indexed, test.before;
RESET client_min_messages;
