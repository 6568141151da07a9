--
-- CANCEL, PAUSE and RESUME, row by row of what CockroachDB accepts and refuses.
--
CREATE TABLE test.control (name text PRIMARY KEY, job bigint);
CREATE FUNCTION test.job(text) RETURNS bigint LANGUAGE sql AS
	'SELECT job FROM test.control WHERE name = $1';
-- A job that does not start, under a name; made by a schedule if that is given.
CREATE PROCEDURE test.waiter(name text, schedule bigint DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO test.control VALUES (name, jobs.submit('SELECT 1', start_at => now() + interval '1 day'))
	ON CONFLICT ON CONSTRAINT control_pkey DO UPDATE SET job = excluded.job;
	IF schedule IS NOT NULL THEN
		PERFORM test.made_by_schedule(test.job(waiter.name), schedule);
	END IF;
END $$;
CREATE FUNCTION test.control_states() RETURNS TABLE (name text, status text, running_status text, error text)
LANGUAGE sql AS $$
	SELECT c.name, j.status, j.running_status, j.error
	FROM test.control c JOIN jobs.jobs j ON job_id = job ORDER BY c.name
$$;

-- The forms, and their tags.
\set QUIET off
CALL test.waiter('a');
CALL test.waiter('b');
PAUSE JOB test.job('a');
PAUSE JOBS SELECT job FROM test.control;
CALL test.wait_for(test.job('a'), 'paused');
CALL test.wait_for(test.job('b'), 'paused');
RESUME JOBS (SELECT job FROM test.control);
RESUME JOBS VALUES (test.job('a'));
PAUSE JOBS TABLE test.control;
CANCEL JOB NULL;
CANCEL JOBS SELECT job FROM test.control WHERE false;
CANCEL JOBS SELECT job FROM test.control UNION ALL SELECT test.job('a') UNION ALL SELECT NULL;
CALL test.wait_for(test.job('a'), 'canceled');
CANCEL JOB test.job('a');
SELECT * FROM test.control_states();

-- FOR SCHEDULE: only the jobs of it that the verb can do something with.
TRUNCATE test.control;
CALL test.waiter('of 5', 5);
CALL test.waiter('of 5 too', 5);
CALL test.waiter('of 6', 6);
CALL test.waiter('of none');
SELECT jobs.submit('SELECT 1') AS done \gset
CALL test.wait_for(:done, 'succeeded');
SELECT test.made_by_schedule(:done, 5);
PAUSE JOBS FOR SCHEDULE 5;
CALL test.wait_for(test.job('of 5'), 'paused');
CALL test.wait_for(test.job('of 5 too'), 'paused');
PAUSE JOBS FOR SCHEDULE 5;
SELECT * FROM test.control_states();
RESUME JOB test.job('of 5 too');
RESUME JOBS FOR SCHEDULES VALUES (5), (6), (5), (NULL);
RESUME JOBS FOR SCHEDULES VALUES (5), (6);
PAUSE JOBS FOR SCHEDULES (SELECT 7);
PAUSE JOBS FOR SCHEDULE '6';
PAUSE JOBS FOR SCHEDULE NULL;
CALL test.wait_for(test.job('of 6'), 'paused');
CANCEL JOBS FOR SCHEDULES SELECT generate_series(4, 6);
SELECT name, status FROM test.control_states() WHERE name = 'of none';
CANCEL JOBS FOR SCHEDULE 5;

-- As functions.
CALL test.waiter('of 5', 5);
CALL test.waiter('of 6', 6);
SELECT jobs.pause_jobs_for_schedules('{5,6,NULL}', 'the weekend');
CALL test.wait_for(test.job('of 5'), 'paused');
CALL test.wait_for(test.job('of 6'), 'paused');
SELECT * FROM test.control_states() WHERE name IN ('of 5', 'of 6');
SELECT jobs.resume_jobs_for_schedules('{5,6}'), jobs.cancel_jobs_for_schedules('{5}', 'no more'),
	jobs.cancel_jobs_for_schedules(NULL), jobs.cancel_jobs_for_schedules('{}');
CALL test.wait_for(test.job('of 5'), 'canceled');
SELECT name, error FROM test.control_states() WHERE name = 'of 5';

-- ALL of a type: one that CockroachDB knows, or one that is here.
PAUSE ALL backup JOBS;
pause all Import jobs;
RESUME ALL RESTORE JOBS;
CANCEL ALL changefeed JOBS;
CALL test.waiter('y');
CALL test.waiter('z');
PAUSE JOB test.job('y');
CALL test.wait_for(test.job('y'), 'paused');
PAUSE ALL sql JOBS;
CALL test.wait_for(test.job('z'), 'paused');
RESUME ALL SQL JOBS;
CANCEL ALL sql JOBS WITH REASON = 'all of them';
CALL test.wait_until('NOT EXISTS (SELECT FROM jobs.queue)');
SELECT name, error FROM test.control_states() WHERE name IN ('y', 'z');
CANCEL ALL sql JOBS;
PAUSE ALL "BACKUP" JOBS;
PAUSE ALL "backup" JOBS;
PAUSE ALL schema_change JOBS;
SELECT jobs.cancel_all('sql'), jobs.pause_all('sql', 'why'), jobs.resume_all('sql'), jobs.resume_all(NULL);
SELECT test.try($$SELECT jobs.cancel_all('SQL')$$), test.try($$SELECT jobs.pause_all('')$$);

-- The reason, and who gave it.
CALL test.waiter('r');
SET ROLE regress_jobs_admin;
PAUSE JOB test.job('r') WITH REASON = 'be back soon';
RESET ROLE;
SELECT running_status, request_reason, requested_by FROM jobs.jobs WHERE job_id = test.job('r');
CALL test.wait_for(test.job('r'), 'paused');
SELECT running_status FROM [SHOW JOB test.job('r')];
SELECT running_status FROM [SHOW JOBS] WHERE job_id = test.job('r');
RESUME JOB test.job('r');
SELECT running_status, request_reason, requested_by = current_user AS by_me FROM jobs.jobs WHERE job_id = test.job('r');
CALL test.wait_until($$(SELECT blocked IS NULL FROM jobs.queue WHERE job_id = test.job('r'))$$);
PAUSE JOBS (SELECT test.job('r')) WITH REASON = U&'d\00e9j\00e0 vu';
CALL test.wait_for(test.job('r'), 'paused');
SELECT running_status FROM [SHOW JOB test.job('r')];
RESUME JOB test.job('r');
PREPARE p AS PAUSE JOB $1 WITH REASON = $2;
EXECUTE p (test.job('r'), 'a parameter');
CALL test.wait_for(test.job('r'), 'paused');
SELECT running_status FROM [SHOW JOB test.job('r')];
DEALLOCATE p;
CANCEL JOBS WITH reason AS (SELECT test.job('r')) SELECT * FROM reason WITH REASON = No_Use;
CALL test.wait_for(test.job('r'), 'canceled');
SELECT error, request_reason FROM jobs.jobs WHERE job_id = test.job('r');
CALL test.waiter('r');
CANCEL JOB test.job('r') WITH REASON = $$too
slow$$;
CALL test.wait_for(test.job('r'), 'canceled');
SELECT error FROM [SHOW JOB WHEN COMPLETE test.job('r')];
CALL test.waiter('r');
DO $$
DECLARE
	id bigint := test.job('r');
BEGIN
	CANCEL JOB id WITH REASON = "In PL";
END $$;
CALL test.wait_for(test.job('r'), 'canceled');
SELECT error FROM [SHOW JOB test.job('r')];
-- One that a worker has.
SELECT jobs.submit('SELECT pg_sleep(600)') AS runs \gset
CALL test.wait_for(:runs, 'running');
CANCEL JOB :runs WITH REASON = 'it runs';
CALL test.wait_for(:runs, 'canceled');
SELECT error FROM [SHOW JOB :runs];
-- One that is too long is cut, as errors are.
CALL test.waiter('r');
SELECT jobs.cancel(test.job('r'), repeat('x', 5000));
CALL test.wait_for(test.job('r'), 'canceled');
SELECT length(request_reason), right(error, 14) FROM jobs.jobs WHERE job_id = test.job('r');

-- One forbidden job is enough.
CALL test.waiter('mine', 8);
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SELECT 1', start_at => now() + interval '1 day') AS hers \gset
RESET ROLE;
SELECT test.made_by_schedule(:hers, 8);
SET ROLE regress_jobs_alice;
SELECT test.try($$SELECT jobs.cancel_jobs_for_schedules('{8}')$$);
SELECT test.try($$SELECT jobs.cancel_all('sql')$$);
SELECT status FROM [SHOW JOB :hers];
SET ROLE regress_jobs_bob;
SELECT test.try($$SELECT jobs.pause_jobs_for_schedules('{8}')$$);
RESET ROLE;
CANCEL JOBS FOR SCHEDULE 8;

-- So is one that may not be cancelled.  What another creator has made is of no
-- schedule.
CALL test.waiter('of 9', 9);
CALL test.waiter('of 9 too', 9);
UPDATE jobs.job SET cancelable = false WHERE job_id = test.job('of 9 too');
SELECT test.try($$SELECT jobs.cancel_jobs_for_schedules('{9}')$$), test.try($$SELECT jobs.cancel_all('sql')$$);
PAUSE JOBS FOR SCHEDULE 9;
UPDATE jobs.job SET cancelable = true, created_by_type = 'somebody' WHERE job_id = test.job('of 9 too');
CALL test.wait_for(test.job('of 9'), 'paused');
CALL test.wait_for(test.job('of 9 too'), 'paused');
RESUME JOBS FOR SCHEDULE 9;
CANCEL JOBS FOR SCHEDULES (SELECT 9) WITH REASON = 'gone';
CALL test.wait_for(test.job('of 9'), 'canceled');
SELECT error FROM [SHOW JOB test.job('of 9')];
CANCEL JOB test.job('of 9 too');

-- As CockroachDB's manual writes them.
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT 1', start_at => now() + interval '1 day') AS first,
	jobs.submit('SELECT 1', start_at => now() + interval '1 day') AS second \gset
RESET ROLE;
PAUSE JOBS (WITH x AS (SHOW JOBS) SELECT job_id FROM x WHERE user_name = 'regress_jobs_bob' AND status = 'pending');
CALL test.wait_for(:first, 'paused');
CALL test.wait_for(:second, 'paused');
SELECT count(*) FROM [SHOW JOBS] WHERE status = ('paused') AND user_name = 'regress_jobs_bob';
WITH x AS (SHOW JOBS) SELECT count(*) FROM x WHERE job_type = 'SQL' AND status IN ('paused', 'reverting') AND user_name = 'regress_jobs_bob';
RESUME JOBS (SELECT job_id FROM [SHOW JOBS] WHERE user_name = 'regress_jobs_bob' AND status = 'paused');
CANCEL JOBS (WITH x AS (SHOW JOBS) SELECT job_id FROM x WHERE user_name = 'regress_jobs_bob' AND status = 'running');
CANCEL JOBS (WITH x AS (SHOW AUTOMATIC JOBS) SELECT job_id FROM x WHERE status = ('running'));
CANCEL JOBS FOR SCHEDULES SELECT job_id FROM [SHOW JOBS] WHERE false;
PAUSE JOB -1;
RESUME JOB -1;

-- EXPLAIN runs nothing; PREPARE does nothing before EXECUTE.
CALL test.waiter('e');
EXPLAIN (COSTS OFF) CANCEL JOB test.job('e');
EXPLAIN (COSTS OFF) CANCEL JOBS SELECT job FROM test.control WHERE job + 0 = 1;
EXPLAIN (COSTS OFF, ANALYZE, BUFFERS OFF, TIMING OFF, SUMMARY OFF) PAUSE JOB 1 WITH REASON = 'x' \g | grep -c 'Result (actual rows=1'
EXPLAIN (COSTS OFF) RESUME JOBS FOR SCHEDULES SELECT 5;
EXPLAIN (COSTS OFF) CANCEL ALL sql JOBS;
EXPLAIN VERBOSE CANCEL JOB;
PREPARE c (bigint) AS CANCEL JOB $1;
PREPARE s AS CANCEL JOBS FOR SCHEDULE $1;
PREPARE t AS CANCEL ALL sql JOBS;
SELECT name, parameter_types FROM pg_prepared_statements WHERE name IN ('c', 's', 't') ORDER BY 1;
SELECT name, status FROM test.control_states() WHERE name = 'e';
EXECUTE c (NULL);
EXECUTE s (5);
EXECUTE c (test.job('e'));
CALL test.wait_until('NOT EXISTS (SELECT FROM jobs.queue)');
EXECUTE t;
DEALLOCATE ALL;

-- No rows come of them.
WITH x AS (CANCEL JOB 1) SELECT * FROM x;
WITH y AS (SELECT 1), x (a) AS (PAUSE ALL sql JOBS) SELECT * FROM y;
SELECT * FROM [CANCEL JOB 1];
SELECT * FROM [CANCEL JOBS FOR SCHEDULE 1];

-- Columns of the data.
CANCEL JOBS FOR SCHEDULES SELECT 1, 2;
CANCEL JOBS FOR SCHEDULES SELECT 1.5;
CANCEL JOBS FOR SCHEDULE 'foo';
PAUSE JOBS (SELECT 1, 2) WITH REASON = 'x';
PAUSE JOBS (SELECT 1.5) WITH REASON = 'x';
PAUSE JOBS (SELECT) WITH REASON = 'x';
CANCEL JOB 'foo' WITH REASON = 'x';

-- What CockroachDB refuses.
CANCEL JOBS FOR SCHEDULE 1, 2;
CANCEL JOBS FOR SCHEDULE;
CANCEL JOBS FOR SCHEDULES;
CANCEL JOBS FOR SCHEDULES 1;
CANCEL JOBS FOR SCHEDULE SELECT 1;
CANCEL JOBS FOR SCHEDULED 1;
CANCEL JOB FOR SCHEDULE 1;
CANCEL ALL JOBS;
CANCEL ALL backup JOB;
CANCEL ALL CREATE STATS JOBS;
CANCEL ALL 'backup' JOBS;
CANCEL ALL select JOBS;
CANCEL ALL backup JOBS 1;
PAUSE JOB 1 WITH REASON 'x';
PAUSE JOB 1 WITH REASON;
PAUSE JOB 1 WITH REASON =;
PAUSE JOB 1 WITH REASON = 'x', 'y';
PAUSE JOB 1 WITH REASON = 1;
PAUSE JOB 1 WITH REASON = NULL;
PAUSE JOB 1 WITH REASON = a.b;
PAUSE JOB 1 WITH REASON = lower('x');
PAUSE JOBS FOR SCHEDULE 1 WITH REASON = 'x';
PAUSE ALL sql JOBS WITH REASON = 'x';
RESUME JOB 1 WITH REASON = 'x';
CANCEL JOB 1 WITH FORCE;

DROP FUNCTION test.control_states, test.job;
DROP PROCEDURE test.waiter;
DROP TABLE test.control;
