-- When and how a job runs: start time, attempts, timeout, exclusive key,
-- dependencies.  Priorities and limits are in test/t/009_turns.pl.

CREATE TABLE test.plan (step serial, name text);
CREATE FUNCTION test.steps() RETURNS text LANGUAGE sql AS
	$$ SELECT string_agg(name, ' ' ORDER BY step) FROM test.plan $$;
GRANT ALL ON test.plan, test.plan_step_seq TO PUBLIC;
-- A job that waits at a gate, and one that says when it ran.
CREATE FUNCTION test.at_gate(name text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('SELECT pg_advisory_xact_lock_shared(77); INSERT INTO test.plan (name) VALUES (%L)', name) $$;
CREATE FUNCTION test.step(name text) RETURNS text LANGUAGE sql AS
	$$ SELECT format('INSERT INTO test.plan (name) VALUES (%L)', name) $$;

-- What makes no sense is refused.
SELECT jobs.submit('SELECT 1', max_attempts => 0);
SELECT jobs.submit('SELECT 1', timeout => '0');
SELECT jobs.submit('SELECT 1', timeout => '-1 month');
SELECT jobs.submit('SELECT 1', start_at => 'infinity');
SELECT jobs.submit('SELECT 1', exclusive_key => '');
SELECT jobs.submit('SELECT 1', exclusive_key => repeat('x', 257));
SELECT jobs.submit('SELECT 1', on_exclusive => 'perhaps');
SELECT jobs.submit('SELECT 1', on_dependency_failure => 'perhaps');
SELECT jobs.submit('SELECT 1', depends_on => ARRAY[123456789012]);
SELECT jobs.submit('SELECT 1', depends_on => ARRAY[0]);

-- Start time: pending until then; a job can be cancelled and resumed meanwhile.
SELECT jobs.submit(test.step('later'), start_at => now() + interval '1 day') AS job \gset
SELECT status, started, next_run > now() + interval '23 hours' AS waits FROM jobs.jobs WHERE job_id = :job;
PAUSE JOB :job;
CALL test.wait_for(:job, 'paused');
RESUME JOB :job;
CALL test.wait_until(format('(SELECT blocked IS NULL FROM jobs.queue WHERE job_id = %s)', :job));
SELECT status, started, next_run > now() + interval '23 hours' AS waits FROM jobs.jobs WHERE job_id = :job;
CANCEL JOB :job;
CALL test.wait_for(:job, 'canceled');
SELECT test.states(:job), test.steps();
SELECT jobs.submit('SELECT 1', start_at => now() + interval '1 day') AS job \gset
CANCEL JOB :job;
CALL test.wait_for(:job, 'canceled');
SELECT jobs.submit('SELECT 1', start_at => clock_timestamp() + interval '20 milliseconds') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT started >= created + interval '19 milliseconds' FROM jobs.jobs WHERE job_id = :job;

-- Attempts: errors that may not come again, with nothing committed.
ALTER ROLE CURRENT_USER SET jobs.registry_retry_initial_delay = '1ms';
CREATE FUNCTION test.fail(sqlstate text) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION USING ERRCODE = sqlstate, MESSAGE = 'on purpose'; END $$;
SELECT jobs.submit($$SELECT test.fail('40001')$$, max_attempts => 3) AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT status, attempts, runs, max_attempts, error, sqlstate, next_run FROM jobs.jobs WHERE job_id = :job;
SELECT test.states(:job);
SELECT * FROM test.output(:job);
CREATE SEQUENCE test.tries;
GRANT ALL ON SEQUENCE test.tries TO PUBLIC;
SELECT jobs.submit($$SELECT CASE WHEN nextval('test.tries') < 3 THEN test.fail('53100') END$$) AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT attempts, runs, error, sqlstate FROM jobs.jobs WHERE job_id = :job;
-- which errors
CREATE PROCEDURE test.attempts(sqlstate text, OUT attempts integer) LANGUAGE plpgsql AS $$
DECLARE
	job bigint := jobs.submit(format('SELECT test.fail(%L)', sqlstate), max_attempts => 2);
BEGIN
	COMMIT;
	CALL test.wait_for(job, 'failed');
	SELECT j.attempts INTO attempts FROM jobs.jobs j WHERE job_id = job;
END $$;
CALL test.attempts('08006', NULL);
CALL test.attempts('40P01', NULL);
CALL test.attempts('40002', NULL);
CALL test.attempts('53400', NULL);
CALL test.attempts('55P03', NULL);
CALL test.attempts('55000', NULL);
CALL test.attempts('57P03', NULL);
CALL test.attempts('23505', NULL);
CALL test.attempts('57014', NULL);
-- not if a part of the work has been committed
CREATE PROCEDURE test.fail_late() LANGUAGE plpgsql AS
	$$ BEGIN COMMIT; PERFORM test.fail('40001'); END $$;
SELECT jobs.submit('CALL test.fail_late()') AS procedure,
	   jobs.submit('COMMIT; SELECT test.fail(''40001'')') AS commit \gset
CALL test.wait_for(:procedure, 'failed');
CALL test.wait_for(:commit, 'failed');
SELECT attempts, sqlstate FROM jobs.jobs WHERE job_id IN (:procedure, :commit);
-- a pause between attempts, and a resume that begins to count anew
ALTER ROLE CURRENT_USER SET jobs.registry_retry_initial_delay = '1h';
SELECT jobs.submit($$SELECT test.fail('40001')$$, max_attempts => 2) AS job \gset
CALL test.wait_until(format('(SELECT attempts = 1 FROM jobs.jobs WHERE job_id = %s)', :job));
SELECT status, next_run > now() + interval '50 minutes' AS waits FROM jobs.jobs WHERE job_id = :job;
PAUSE JOB :job;
CALL test.wait_for(:job, 'paused');
ALTER ROLE CURRENT_USER SET jobs.registry_retry_initial_delay = '1ms';
RESUME JOB :job;
CALL test.wait_for(:job, 'failed');
SELECT attempts FROM jobs.jobs WHERE job_id = :job;

-- Timeout: of an attempt.
SELECT jobs.submit('SELECT pg_sleep(600)', timeout => '10 ms', max_attempts => 2) AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT attempts, error, sqlstate FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.submit('SELECT pg_sleep(600)', timeout => '10 ms', max_attempts => 1,
	on_cancel => test.step('undone')) AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT test.states(:job), test.steps();
SELECT jobs.submit('SELECT 1', timeout => '1000 years') AS job \gset
CALL test.wait_for(:job, 'succeeded');

-- Exclusive key: one at a time, in order; each owner has keys of its own.
TRUNCATE test.plan;
SELECT pg_advisory_lock(77);
SELECT jobs.submit(test.at_gate('one'), exclusive_key => 'key') AS one,
	jobs.submit(test.step('two'), exclusive_key => 'key') AS two,
	jobs.submit(test.step('three'), exclusive_key => 'key', priority => 1) AS three,
	jobs.submit('SELECT 1', exclusive_key => 'other key') AS other \gset
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT 1', exclusive_key => 'key', on_exclusive => 'refuse') AS bob \gset
RESET ROLE;
CALL test.wait_for(:other, 'succeeded');
CALL test.wait_for(:bob, 'succeeded');
CALL test.wait_for_gate(77);
SELECT status FROM jobs.jobs WHERE job_id IN (:one, :two, :three) ORDER BY job_id;
SELECT test.try('SELECT jobs.submit(''SELECT 1'', exclusive_key => ''key'', on_exclusive => ''refuse'')');
-- one that is cancelled while it waits, and one that was paused
CANCEL JOB :two;
CALL test.wait_for(:two, 'canceled');
PAUSE JOB :one;
CALL test.wait_for(:one, 'paused');
CALL test.wait_for(:three, 'succeeded');
RESUME JOB :one;
CALL test.wait_for_gate(77);
SELECT pg_advisory_unlock(77);
CALL test.wait_for(:one, 'succeeded');
SELECT test.steps();
SELECT jobs.submit('SELECT 1', exclusive_key => 'key', on_exclusive => 'refuse') AS job \gset
CALL test.wait_for(:job, 'succeeded');

-- Dependencies.
TRUNCATE test.plan;
SELECT pg_advisory_lock(77);
SELECT jobs.submit(test.at_gate('root')) AS root \gset
SELECT jobs.submit(test.step('leaf'), depends_on => ARRAY[:root, :root, NULL]) AS leaf,
	jobs.submit('SELECT 1/0', depends_on => ARRAY[:root]) AS bad \gset
SELECT jobs.submit(test.step('never'), depends_on => ARRAY[:leaf, :bad]) AS child,
	jobs.submit(test.step('all the same'), depends_on => ARRAY[:bad], on_dependency_failure => 'run') AS anyway \gset
SELECT jobs.submit(test.step('never'), depends_on => ARRAY[:child]) AS grandchild \gset
SELECT string_agg(status, ' ') FROM jobs.jobs WHERE job_id IN (:leaf, :bad, :child, :anyway, :grandchild);
SELECT depends_on = ARRAY[:bad]::bigint[] AS depends_on, on_dependency_failure FROM jobs.jobs WHERE job_id = :anyway;
SELECT pg_advisory_unlock(77);
CALL test.wait_for(:grandchild, 'canceled');
CALL test.wait_for(:anyway, 'succeeded');
SELECT status, regexp_replace(error, '\d+', 'N') AS error, sqlstate FROM jobs.jobs
WHERE job_id IN (:root, :leaf, :bad, :child, :grandchild) ORDER BY job_id;
SELECT name FROM test.plan ORDER BY name;
-- of jobs that have finished already
SELECT jobs.submit('SELECT 1', depends_on => ARRAY[:root]) AS good,
	jobs.submit('SELECT 1', depends_on => ARRAY[:bad]) AS bad_too \gset
CALL test.wait_for(:good, 'succeeded');
CALL test.wait_for(:bad_too, 'canceled');
-- paused while they wait
SELECT pg_advisory_lock(77);
SELECT jobs.submit(test.at_gate('root')) AS root \gset
SELECT jobs.submit('SELECT 1', depends_on => ARRAY[:root]) AS paused \gset
PAUSE JOB :paused;
CALL test.wait_for(:paused, 'paused');
RESUME JOB :paused;
CALL test.wait_until(format('(SELECT blocked = ''dependency'' FROM jobs.queue WHERE job_id = %s)', :paused));
CANCEL JOB :root;
CALL test.wait_for(:paused, 'canceled');
SELECT pg_advisory_unlock(77);
-- a job of somebody else is not to be found
SET ROLE regress_jobs_alice;
SELECT test.try(format('SELECT jobs.submit(''SELECT 1'', depends_on => ARRAY[%s])', :root));
RESET ROLE;

-- Nothing is left.
SELECT count(*) FROM jobs.queue;
SELECT count(*) FROM jobs.dependency;

ALTER ROLE CURRENT_USER RESET jobs.registry_retry_initial_delay;
DROP TABLE test.plan;
