-- Cancelling, pausing and resuming jobs through functions.

-- Every verb on a job in the state it is in; nothing of it stays.
CREATE FUNCTION test.verbs(job bigint)
RETURNS TABLE (verb text, result text, then_in text) LANGUAGE plpgsql AS $$
DECLARE
	v text;
BEGIN
	FOREACH v IN ARRAY ARRAY['cancel', 'pause', 'resume'] LOOP
		BEGIN
			verb := v;
			result := test.try(format('SELECT jobs.%I(%s)', v, job));
			then_in := (SELECT status FROM jobs.jobs WHERE job_id = job);
			RAISE EXCEPTION USING ERRCODE = 'TEST1';
		EXCEPTION WHEN SQLSTATE 'TEST1' THEN
			RETURN NEXT;
		END;
	END LOOP;
END $$;

SELECT pg_advisory_lock(1), pg_advisory_lock(2);

-- pending
BEGIN;
SELECT jobs.submit('SELECT 1') AS job \gset
SELECT * FROM test.verbs(:job);
COMMIT;
CALL test.wait_for(:job, 'succeeded');

-- succeeded, failed
SELECT * FROM test.verbs(:job);
SELECT jobs.submit('SELECT 1 / 0') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.verbs(:job);

-- running
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT * FROM test.verbs(:job);

-- pause-requested
BEGIN;
SELECT jobs.pause(:job, 'a break');
SELECT * FROM test.verbs(:job);
SELECT status, requested_by = current_user AS by_me, request_reason
FROM jobs.jobs WHERE job_id = :job;
COMMIT;

-- paused
CALL test.wait_for(:job, 'paused');
SELECT * FROM test.verbs(:job);
SELECT request_reason, coordinator_id FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.resume(:job);
CALL test.wait_for_gate(1);
SELECT status, request_reason, runs FROM jobs.jobs WHERE job_id = :job;

-- cancel-requested
BEGIN;
SELECT jobs.cancel(:job, 'too slow');
SELECT * FROM test.verbs(:job);
COMMIT;

-- canceled
CALL test.wait_for(:job, 'canceled');
SELECT * FROM test.verbs(:job);
SELECT error, sqlstate, request_reason, finished IS NOT NULL AS finished, coordinator_id
FROM jobs.jobs WHERE job_id = :job;
SELECT test.states(:job);

-- reverting
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)',
				   on_cancel => 'SELECT pg_advisory_xact_lock_shared(2)') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for_gate(2);
SELECT * FROM test.verbs(:job);

-- paused while reverting: only RESUME leads on
SELECT jobs.pause(:job);
CALL test.wait_for(:job, 'paused');
SELECT * FROM test.verbs(:job);
SELECT jobs.resume(:job);
CALL test.wait_for_gate(2);
SELECT pg_advisory_unlock(2);
CALL test.wait_for(:job, 'canceled');
SELECT test.states(:job);

-- revert-failed: one more try
ALTER ROLE CURRENT_USER SET jobs.revert_max_attempts = 1;
CREATE TABLE test.revert (okay boolean);
INSERT INTO test.revert VALUES (false);
SELECT jobs.submit('SELECT 1 / 0', on_cancel => 'SELECT 1 / okay::integer FROM test.revert') AS job \gset
CALL test.wait_for(:job, 'revert-failed');
SELECT * FROM test.verbs(:job);
SELECT error, revert_error FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'revert-failed');
UPDATE test.revert SET okay = true;
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'failed');
SELECT test.states(:job);
ALTER ROLE CURRENT_USER RESET jobs.revert_max_attempts;

-- A job that may not be cancelled: that is checked before the state, and after the
-- privilege.
BEGIN;
SELECT jobs.submit('SELECT 1') AS fixed \gset
UPDATE jobs.job SET cancelable = false WHERE job_id = :fixed;
SELECT * FROM test.verbs(:fixed);
SET LOCAL ROLE regress_jobs_alice;
SELECT verb, result FROM test.verbs(:fixed);
RESET ROLE;
SELECT jobs.pause(:fixed);
SELECT * FROM test.verbs(:fixed);
COMMIT;
CALL test.wait_for(:fixed, 'paused');
SELECT * FROM test.verbs(:fixed);
SELECT jobs.resume(:fixed);
CALL test.wait_for(:fixed, 'succeeded');
SELECT * FROM test.verbs(:fixed);

-- no such job; nothing at all
SELECT jobs.cancel(123456789012);
SELECT jobs.cancel(-1);
SELECT jobs.pause(-1);
SELECT jobs.resume(-1);
SELECT jobs.cancel(NULL), jobs.pause(NULL), jobs.resume(NULL);
SELECT jobs.cancel_jobs(NULL), jobs.cancel_jobs('{}'), jobs.cancel_jobs('{NULL,NULL}'),
	   jobs.pause_jobs('{}'), jobs.resume_jobs('{NULL}');

-- Several jobs: duplicates count, nulls do not.
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS a,
	   jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS b \gset
CALL test.wait_until('count(*) = 2 FROM pg_locks WHERE locktype = ''advisory'' AND NOT granted');
SELECT jobs.pause_jobs(ARRAY[:a, NULL, :b, :a]);
CALL test.wait_for(:a, 'paused');
CALL test.wait_for(:b, 'paused');
SELECT jobs.resume_jobs(ARRAY[[:a], [:b]]);
CALL test.wait_until('count(*) = 2 FROM pg_locks WHERE locktype = ''advisory'' AND NOT granted');

-- All or nothing; the first id that cannot be handled gives the error.
SELECT test.try(format('SELECT jobs.cancel_jobs(ARRAY[%s, %s, 123456789012])', :a, :b));
SELECT test.try(format('SELECT jobs.cancel_jobs(ARRAY[%s, %s, 123456789012])', :a, :job));
SELECT test.try(format('SELECT jobs.cancel_jobs(ARRAY[123456789012, %s])', :job));
SELECT status FROM jobs.jobs WHERE job_id IN (:a, :b);

-- A request is part of its transaction.
BEGIN;
SELECT jobs.cancel(:a);
SELECT status FROM jobs.jobs WHERE job_id = :a;
ROLLBACK;
SELECT status FROM jobs.jobs WHERE job_id = :a;
BEGIN;
SAVEPOINT s;
SELECT jobs.cancel(:a);
ROLLBACK TO s;
SELECT jobs.cancel(:b);
RELEASE s;
COMMIT;
CALL test.wait_for(:b, 'canceled');
SELECT status FROM jobs.jobs WHERE job_id = :a;
BEGIN;
SAVEPOINT s1;
SAVEPOINT s2;
SELECT jobs.cancel(:a);
RELEASE s2;
RELEASE s1;
COMMIT;
CALL test.wait_for(:a, 'canceled');
BEGIN READ ONLY;
SELECT jobs.cancel(:a);
ROLLBACK;

-- A pending job is cancelled without having started.
BEGIN;
SELECT jobs.submit('SELECT 1 / 0', on_cancel => 'SELECT 1 / 0') AS a,
	   jobs.submit('SELECT 1 / 0') AS b \gset
SELECT jobs.cancel_jobs(ARRAY[:a, :b]);
COMMIT;
CALL test.wait_for(:a, 'canceled');
CALL test.wait_for(:b, 'canceled');
SELECT started, runs, test.states(job_id) FROM jobs.jobs WHERE job_id IN (:a, :b);

-- A job that was paused before it started has nothing to undo either.
BEGIN;
SELECT jobs.submit('SELECT 1 / 0', on_cancel => 'SELECT 1 / 0') AS job \gset
SELECT jobs.pause(:job);
COMMIT;
CALL test.wait_for(:job, 'paused');
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT started, runs, test.states(job_id) FROM jobs.jobs WHERE job_id = :job;

-- Many jobs.
BEGIN;
CREATE TEMP TABLE many AS
	SELECT jobs.submit('SELECT 1') AS job FROM generate_series(1, 1000);
SELECT jobs.cancel_jobs(array_agg(job)) FROM many;
COMMIT;
CALL test.wait_until('count(*) = 1000 FROM jobs.jobs JOIN many ON job = job_id WHERE status = ''canceled''');

-- A job that cancels or pauses itself: what it did is undone with it.
CREATE TABLE test.self (what text);
SELECT jobs.submit('INSERT INTO test.self VALUES (''cancel''); SELECT jobs.cancel(test.my_job())') AS job \gset
CALL test.wait_for(:job, 'canceled');
SELECT test.states(:job), error, runs FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.submit('INSERT INTO test.self VALUES (''pause''); SELECT jobs.pause(test.my_job())') AS job \gset
CALL test.wait_for(:job, 'paused');
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT test.states(:job);
-- It stops right there, even if it catches the error; it does not lock its row,
-- so that others can cancel it whatever it does.
CREATE PROCEDURE test.cancel_myself(verb text) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO test.self VALUES ('before ' || verb);
	EXECUTE format('SELECT jobs.%I(test.my_job())', verb);
EXCEPTION WHEN query_canceled THEN
	INSERT INTO test.self VALUES ('caught ' || verb);
END $$;
SELECT jobs.submit('CALL test.cancel_myself(''cancel'')') AS job \gset
CALL test.wait_for(:job, 'canceled');
SELECT test.states(:job);
SELECT jobs.submit('CALL test.cancel_myself(''pause''); SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT jobs.submit('SELECT jobs.resume(test.my_job()); SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT jobs.submit('SELECT 1 / 0', on_cancel => 'SELECT test.say(test.try(''SELECT jobs.cancel(test.my_job())''))') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.output(:job);
SELECT * FROM test.self;

-- Privileges: a job's owner, members of that role and superusers.
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS of_group \gset
SET ROLE regress_jobs_admin;
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS of_admin \gset
RESET ROLE;
CALL test.wait_until('count(*) = 2 FROM pg_locks WHERE locktype = ''advisory'' AND NOT granted');
SET ROLE regress_jobs_alice;
SELECT test.try(format('SELECT jobs.cancel(%s)', :of_group));
SELECT test.try(format('SELECT jobs.pause(%s)', :of_admin));
SELECT test.try(format('SELECT jobs.cancel_jobs(ARRAY[%s, %s])', :of_admin, :of_group));
SELECT test.try('SELECT jobs.resume(123456789012)');
SELECT jobs.cancel(NULL);
SET ROLE regress_jobs_bob;
SELECT jobs.pause(:of_group, 'a member');
SELECT test.try(format('SELECT jobs.cancel(%s)', :of_admin));
RESET ROLE;
CALL test.wait_for(:of_group, 'paused');
SELECT requested_by FROM jobs.jobs WHERE job_id = :of_group;
SET ROLE regress_jobs_group;
SELECT jobs.cancel(:of_group);
RESET ROLE;
SELECT jobs.cancel(:of_admin);
CALL test.wait_for(:of_group, 'canceled');
CALL test.wait_for(:of_admin, 'canceled');

-- A job whose owner is gone fails, and says why.
CREATE ROLE regress_jobs_gone LOGIN;
BEGIN;
SET ROLE regress_jobs_gone;
SELECT jobs.submit('SELECT 1') AS job \gset
RESET ROLE;
DROP ROLE regress_jobs_gone;
COMMIT;
CALL test.wait_for(:job, 'failed');
SELECT regexp_replace(error, '\d+', 'N') AS error, sqlstate FROM jobs.jobs WHERE job_id = :job;
SELECT kind, sqlstate, regexp_replace(message, '\d+', 'N') AS message
FROM jobs.messages WHERE job_id = :job ORDER BY message_id;

-- Nobody else gets at what is behind the functions.
SET ROLE regress_jobs_alice;
SELECT test.try('SELECT count(*) FROM jobs.job');
SELECT test.try('SELECT count(*) FROM jobs.message');
SELECT test.try('UPDATE jobs.jobs SET status = ''succeeded''');
SELECT test.try('SELECT nextval(''jobs.job_id_seq'')');
SELECT test.try('SELECT jobs.wake()');
SELECT test.try('SELECT jobs.check_preloaded()');
RESET ROLE;
SELECT pg_advisory_unlock_all();
