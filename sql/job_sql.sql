-- Jobs that run SQL commands.

-- Shows how a job ended.
CREATE FUNCTION test.result(job bigint)
RETURNS TABLE (status text, error text, sqlstate text, result_tag text, result_rows bigint)
LANGUAGE sql AS $$
	SELECT status, error, sqlstate, result_tag, result_rows FROM jobs.jobs WHERE job_id = job
$$;
CREATE TABLE test.t (n integer);

-- Several statements are one transaction; the last one's tag is kept.
SELECT jobs.submit('INSERT INTO test.t VALUES (1); INSERT INTO test.t VALUES (2), (3)') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);
SELECT jobs.submit('INSERT INTO test.t VALUES (4); SELECT 1 / 0') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT jobs.submit('SELECT * FROM test.t') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);

-- Transaction control in the text is obeyed.
SELECT jobs.submit('INSERT INTO test.t VALUES (5); COMMIT; INSERT INTO test.t VALUES (6); ROLLBACK;
	BEGIN; INSERT INTO test.t VALUES (7); SAVEPOINT s; INSERT INTO test.t VALUES (8); ROLLBACK TO s; END; SELECT 1 / 0') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT jobs.submit('BEGIN; INSERT INTO test.t VALUES (9)') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT jobs.submit('BEGIN; INSERT INTO test.t VALUES (10); COMMIT') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);
SELECT n FROM test.t ORDER BY n;

-- Commands that cannot run in a transaction block, alone; in company they fail
-- as in any client.
SELECT jobs.submit('VACUUM (ANALYZE) test.t') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);
SELECT jobs.submit('CREATE INDEX CONCURRENTLY t_n ON test.t (n)') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'test.t_n'::regclass;
SELECT jobs.submit('REINDEX TABLE CONCURRENTLY test.t') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);
SELECT jobs.submit('SELECT 1; VACUUM test.t') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);

-- A procedure that commits: what it committed stays, the rest commits with the
-- job or not at all.
CREATE PROCEDURE test.steps(failing boolean) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO test.t VALUES (100);
	COMMIT;
	INSERT INTO test.t VALUES (101);
	IF failing THEN
		RAISE EXCEPTION USING MESSAGE = 'a failure', ERRCODE = 'TEST2';
	END IF;
END $$;
SELECT jobs.submit('CALL test.steps(true)') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT n FROM test.t WHERE n >= 100;
SELECT jobs.submit('CALL test.steps(false)') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.result(:job);
SELECT n FROM test.t WHERE n >= 100 ORDER BY n;
SELECT jobs.submit('SELECT 1; CALL test.steps(false)') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);

-- A deferred constraint that fails at the commit fails the job.
CREATE TABLE test.unique_late (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT jobs.submit('INSERT INTO test.unique_late VALUES (1), (1)') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT count(*) FROM test.unique_late;

-- A trigger that is deferred to the commit can be cancelled, too.
CREATE FUNCTION test.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(1);
	RETURN NULL;
END $$;
CREATE TABLE test.late (n integer);
CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON test.late DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION test.wait_at_gate();
SELECT pg_advisory_lock(1);
SELECT jobs.submit('INSERT INTO test.late VALUES (1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT pg_advisory_unlock(1);
SELECT count(*) FROM test.late;

-- What a job says is kept, also when it fails or is cancelled.
SELECT jobs.submit($job$DO $$ BEGIN
	RAISE NOTICE 'a notice';
	RAISE WARNING USING MESSAGE = 'a warning', ERRCODE = '01TST';
	RAISE DEBUG 'not this';
	RAISE EXCEPTION 'an error';
END $$$job$) AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.output(:job);
SELECT pg_advisory_lock(1);
SELECT jobs.submit('DO $$ BEGIN RAISE NOTICE ''before''; END $$; SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT * FROM test.output(:job);
SELECT jobs.submit('SET client_encoding = latin1; DO $$ BEGIN RAISE NOTICE ''Grüße''; END $$') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.output(:job);
SELECT jobs.submit('DO $$ BEGIN FOR i IN 1 .. 1100 LOOP RAISE NOTICE ''%'', i; END LOOP; END $$') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT count(*) FROM test.output(:job);
SELECT * FROM test.output(:job) OFFSET 999;
SELECT jobs.submit('DO $$ BEGIN RAISE EXCEPTION ''%'', repeat(''ä'', 2000); END $$') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT octet_length(error), right(error, 13) FROM jobs.jobs WHERE job_id = :job;

-- A cancel by other means is a failure, with its error.
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT pg_cancel_backend(coordinator_id::integer) FROM jobs.jobs WHERE job_id = :job;
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_for_gate(1);
SELECT pg_terminate_backend(coordinator_id::integer) FROM jobs.jobs WHERE job_id = :job;
CALL test.wait_for(:job, 'failed');
SELECT status, sqlstate, runs FROM jobs.jobs WHERE job_id = :job;
SELECT test.states(:job);
SELECT jobs.submit('SET statement_timeout = 10; SELECT pg_sleep(600)') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);

-- Code that swallows the cancel is terminated after the grace period.
ALTER SYSTEM SET jobs.cancel_grace_period = '50ms';
SELECT pg_reload_conf();
CREATE PROCEDURE test.swallow() LANGUAGE plpgsql AS $$
BEGIN
	LOOP
		BEGIN
			PERFORM pg_advisory_xact_lock_shared(1);
		EXCEPTION WHEN query_canceled THEN
			PERFORM jobs.report_progress(0.5, 'swallowed');
		END;
	END LOOP;
END $$;
SELECT jobs.submit('CALL test.swallow()') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT * FROM test.result(:job);
ALTER SYSTEM RESET jobs.cancel_grace_period;
SELECT pg_reload_conf();

-- The settings of role and database apply, also after they have changed, and
-- nothing of one job is left to the next.
CREATE FUNCTION test.session() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(', ', session_user, current_user, current_setting('work_mem'),
		current_setting('search_path'), current_setting('statement_timeout'),
		coalesce(to_regclass('leaked')::text, 'no table'),
		(SELECT count(*) FROM pg_prepared_statements),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()))
$$;
ALTER ROLE regress_jobs_alice SET work_mem = '1234kB';
SET SESSION AUTHORIZATION regress_jobs_alice;
SELECT jobs.submit('SELECT test.say(test.session()); CREATE TEMP TABLE leaked (); PREPARE p AS SELECT 1;
	SET work_mem = ''2345kB''; SET search_path = nowhere; SELECT pg_advisory_lock(77)') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.output(:job);
SELECT jobs.submit('SELECT test.say(test.session())') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.output(:job);
RESET SESSION AUTHORIZATION;
ALTER ROLE regress_jobs_alice SET work_mem = '4321kB';
SET SESSION AUTHORIZATION regress_jobs_alice;
SELECT jobs.submit('SELECT test.say(test.session())') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.output(:job);
RESET SESSION AUTHORIZATION;
ALTER ROLE regress_jobs_alice RESET work_mem;

-- A role whose transactions are strange by default has working jobs.
ALTER ROLE regress_jobs_alice SET default_transaction_isolation = 'serializable';
ALTER ROLE regress_jobs_alice SET default_transaction_read_only = on;
ALTER ROLE regress_jobs_alice SET default_transaction_deferrable = on;
ALTER ROLE regress_jobs_alice SET lock_timeout = 1;
ALTER ROLE regress_jobs_alice SET search_path = nowhere;
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SELECT 1') AS job, jobs.submit('CREATE TABLE test.no ()') AS job2 \gset
RESET ROLE;
CALL test.wait_for(:job, 'succeeded');
CALL test.wait_for(:job2, 'failed');
SELECT * FROM test.result(:job2);
ALTER ROLE regress_jobs_alice RESET ALL;

-- A job has its owner's rights, no more.
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SET SESSION AUTHORIZATION regress_jobs_admin') AS job,
	   jobs.submit('SET ROLE regress_jobs_bob') AS job2,
	   jobs.submit('DELETE FROM test.t') AS job3 \gset
RESET ROLE;
CALL test.wait_for(:job, 'failed');
CALL test.wait_for(:job2, 'failed');
CALL test.wait_for(:job3, 'failed');
SELECT status, sqlstate FROM jobs.jobs WHERE job_id IN (:job, :job2, :job3);

-- The clean-up runs once the work is undone, for a cancel and for a failure,
-- in a session of its own.
CREATE TABLE test.undone (why text);
SELECT jobs.submit('INSERT INTO test.t VALUES (200); SET work_mem = ''3456kB''; SELECT pg_advisory_xact_lock_shared(1)',
				   on_cancel => 'INSERT INTO test.undone SELECT format(''%s left, %s'', count(*), current_setting(''work_mem'')) FROM test.t WHERE n = 200') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT * FROM test.result(:job);
SELECT test.states(:job);
SELECT jobs.submit('SELECT 1 / 0', on_cancel => 'INSERT INTO test.undone VALUES (''failed'')') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT * FROM test.result(:job);
SELECT test.states(:job);
SELECT jobs.submit('SELECT 1', on_cancel => 'INSERT INTO test.undone VALUES (''never'')') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT * FROM test.undone;

-- A paused job that is cancelled is undone, too.
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(1)', on_cancel => 'INSERT INTO test.undone VALUES (''paused'')') AS job \gset
CALL test.wait_for_gate(1);
SELECT jobs.pause(:job);
CALL test.wait_for(:job, 'paused');
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT test.states(:job);

-- A clean-up that fails is tried again, a while later.
CREATE SEQUENCE test.attempt;
SELECT jobs.submit('SELECT 1 / 0', on_cancel => 'SELECT 1 / (nextval(''test.attempt'') - 1)') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT test.states(:job);
SELECT error, revert_error, runs FROM jobs.jobs WHERE job_id = :job;

-- A cancel that commits while the job is about to finish: the work is undone.
SELECT pg_advisory_unlock(1), pg_advisory_lock(3);
SELECT jobs.submit('INSERT INTO test.t VALUES (300); SELECT pg_advisory_xact_lock_shared(3)') AS job \gset
CALL test.wait_for_gate(3);
BEGIN;
SELECT jobs.cancel(:job);
SELECT pg_advisory_unlock(3);
COMMIT;
CALL test.wait_for(:job, 'canceled');
SELECT count(*) FROM test.t WHERE n = 300;
SELECT pg_advisory_unlock_all();
