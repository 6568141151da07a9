-- ALTER JOB .. OWNER TO: who may give whose jobs to whom, and what becomes of them.
-- alice is by herself, bob is a member of group.

\set VERBOSITY terse
CREATE ROLE regress_jobs_giver LOGIN IN ROLE regress_jobs_alice, regress_jobs_group;
CREATE ROLE regress_jobs_nologin;
CREATE FUNCTION test.owner(job bigint) RETURNS text LANGUAGE sql AS $$
	SELECT user_name || ', ' || replace(status, 'pause-requested', 'paused') FROM jobs.jobs WHERE job_id = job
$$;

-- The rules.  Jobs that wait for the far future.
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SELECT 1', start_at => '2100-01-01') AS alices \gset
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT 1', start_at => '2100-01-01') AS groups \gset
SET ROLE regress_jobs_admin;
SELECT jobs.submit('SELECT 1', start_at => '2100-01-01') AS admins \gset

SET ROLE regress_jobs_bob;
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_bob', :alices));
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_alice', :alices));	-- hers already
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_bob', :admins));
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_alice', :groups));
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_admin', :groups));
SELECT test.try('ALTER JOB 0 OWNER TO regress_jobs_alice');
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_no_such_role', :groups));
ALTER JOB :groups OWNER TO regress_jobs_group;	-- nothing to do
SELECT test.owner(:groups);
ALTER JOB :groups OWNER TO regress_jobs_bob;
SELECT test.owner(:groups);
-- CONTROLJOB is another right.
RESET ROLE;
BEGIN;
GRANT controljob TO regress_jobs_bob;
SET ROLE regress_jobs_bob;
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_bob', :alices));
ROLLBACK;

-- A superuser may do anything, and undo it.
SET ROLE regress_jobs_admin;
BEGIN;
ALTER JOB :alices OWNER TO regress_jobs_bob;
SELECT test.owner(:alices);
ROLLBACK;
SELECT test.owner(:alices);
BEGIN;
SAVEPOINT s;
ALTER JOB (SELECT :alices) OWNER TO CURRENT_USER;
SELECT test.owner(:alices);
ROLLBACK TO s;
COMMIT;
SELECT test.owner(:alices);
ALTER JOB :admins OWNER TO regress_jobs_alice;
SELECT test.owner(:admins);
ALTER JOB NULL OWNER TO regress_jobs_alice;
SELECT jobs.alter_owner(NULL, 'regress_jobs_alice'), jobs.alter_owner(:admins, 'regress_jobs_alice');
SELECT test.try(format('SELECT jobs.alter_owner(%s, NULL)', :admins));
SELECT test.try('SELECT jobs.alter_owner(1, ''REGRESS_JOBS_ALICE'')');
BEGIN READ ONLY;
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_alice', :admins));
SELECT test.try(format('SELECT jobs.alter_owner(%s, ''regress_jobs_alice'')', :admins));
ROLLBACK;
BEGIN;
ALTER JOB :admins OWNER TO regress_jobs_bob;
PREPARE TRANSACTION 'regress_jobs';

-- Words for roles, in any protocol.
\set VERBOSITY default
SET ROLE regress_jobs_giver;
PREPARE give AS ALTER JOB $1 OWNER TO regress_jobs_group;
EXECUTE give(:alices);
SELECT test.owner(:alices);
DEALLOCATE give;
DO $$
DECLARE
	job bigint := (SELECT max(job_id) FROM jobs.jobs WHERE user_name = 'regress_jobs_group' AND finished IS NULL);
BEGIN
	ALTER JOB job OWNER TO "regress_jobs_alice";
END $$;
SELECT test.owner(:alices);
SELECT set_config('test.job', :'alices', false) IS NOT NULL AS set;
DO $$
BEGIN
	ALTER JOB current_setting('test.job')::bigint OWNER TO SESSION_USER;
EXCEPTION WHEN insufficient_privilege THEN
	RAISE WARNING '%', replace(sqlerrm, session_user, 'the session''s user');
END $$;
ALTER JOB :alices OWNER TO U&"regress_j\006Fbs_group";
SELECT test.owner(:alices);
ALTER JOB :alices + 0 OWNER TO CURRENT_ROLE;
SELECT test.owner(:alices);
RESET ROLE;
ALTER JOB :alices OWNER TO regress_jobs_alice;

-- Syntax errors
ALTER JOB OWNER TO regress_jobs_alice;
ALTER JOB 1;
ALTER JOB 1 OWNER;
ALTER JOB 1 OWNER regress_jobs_alice;
ALTER JOB 1 OWNER TO;
ALTER JOB 1 OWNER TO regress_jobs_alice, regress_jobs_bob;
ALTER JOB 1 OWNER TO regress_jobs_alice CASCADE;
ALTER JOB 1 OWNER TO 'regress_jobs_alice';
ALTER JOB 1 OWNER TO none;
ALTER JOB 1 OWNER TO public;
ALTER JOB 1, 2 OWNER TO regress_jobs_alice;
ALTER JOB 'é', 2 OWNER TO regress_jobs_alice;
ALTER JOB 1.5 OWNER TO regress_jobs_alice;
ALTER JOBS SELECT 1 OWNER TO regress_jobs_alice;
ALTER JOB 1 RENAME TO regress_jobs_alice;
EXPLAIN (COSTS OFF) ALTER JOB 1 OWNER TO regress_jobs_alice;
WITH x AS (ALTER JOB 1 OWNER TO regress_jobs_alice) SELECT 1;
\set VERBOSITY terse

-- Who could not be a job's owner at all, before 17: an unfinished one's.
SET ROLE regress_jobs_admin;
SELECT jobs.submit('SELECT 1') AS finished \gset
CALL test.wait_for(:finished, 'succeeded');
ALTER JOB :finished OWNER TO regress_jobs_nologin;
SELECT test.owner(:finished);
SELECT current_setting('server_version_num')::integer >= 170000 OR
	test.try(format('ALTER JOB %s OWNER TO regress_jobs_nologin', :admins)) ~ '^28000: role "regress_jobs_nologin" is not permitted' AS refused;

-- A job whose text gains rights is paused: bob is no alice.  Its run ends.
RESET ROLE;
SELECT pg_advisory_lock(4712);
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT test.say(session_user); SELECT pg_advisory_xact_lock_shared(4712)',
				   on_cancel => 'SELECT test.say(''undone by '' || session_user)') AS job \gset
RESET ROLE;
CALL test.wait_for_gate(4712);
ALTER JOB :job OWNER TO regress_jobs_alice;
CALL test.wait_for(:job, 'paused');
SELECT test.owner(:job), request_reason, requested_by = current_user AS by_us FROM jobs.jobs WHERE job_id = :job;
SELECT count(*) FROM test.output(:job) WHERE message ~ '^reassigned';
-- Nobody but alice lets it go on; bob has no say any more.
SET ROLE regress_jobs_bob;
SELECT test.try(format('RESUME JOB %s', :job));
SELECT count(*) FROM jobs.jobs WHERE job_id = :job;
SET ROLE regress_jobs_alice;
RESUME JOB :job;
RESET ROLE;
SELECT pg_advisory_unlock(4712);
CALL test.wait_for(:job, 'succeeded');
SELECT message FROM test.output(:job) WHERE kind = 'notice' AND message ~ '^regress' ORDER BY message;

-- One whose text gains nothing goes on: bob has the rights of group.  The run
-- ends as it began.
SELECT pg_advisory_lock(4712);
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT pg_advisory_xact_lock_shared(4712); SELECT test.say(session_user)') AS job \gset
RESET ROLE;
CALL test.wait_for_gate(4712);
ALTER JOB :job OWNER TO regress_jobs_group;
SELECT test.owner(:job);
SELECT pg_advisory_unlock(4712);
CALL test.wait_for(:job, 'succeeded');
SELECT message FROM test.output(:job) ORDER BY message;

-- It follows the exclusive key of its new owner.
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT pg_sleep(1000)', exclusive_key => 'k') AS first \gset
CALL test.wait_for(:first, 'running');
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT test.say(session_user)', exclusive_key => 'k', start_at => now() + interval '1 hour') AS second \gset
PAUSE JOB :second;
CALL test.wait_for(:second, 'paused');
ALTER JOB :second OWNER TO regress_jobs_group;
RESUME JOB :second;
CANCEL JOB :first;
CALL test.wait_for(:first, 'canceled');
CANCEL JOB :second;
CALL test.wait_for(:second, 'canceled');

-- A job cannot give itself away; it can others.
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT jobs.alter_owner(test.my_job(), ''regress_jobs_group'')') AS self,
	   jobs.submit(format('ALTER JOB %s OWNER TO regress_jobs_group', :groups)) AS other \gset
CALL test.wait_for(:self, 'failed');
CALL test.wait_for(:other, 'succeeded');
SELECT regexp_replace(error, '\d+', 'N') AS error, sqlstate FROM jobs.jobs WHERE job_id = :self;
SELECT test.owner(:groups);

-- The jobs of a role that is gone are a superuser's to give.
RESET ROLE;
CREATE ROLE regress_jobs_gone LOGIN;
SET ROLE regress_jobs_gone;
SELECT jobs.submit('SELECT 1', start_at => '2100-01-01') AS orphan \gset
PAUSE JOB :orphan;
RESET ROLE;
CALL test.wait_for(:orphan, 'paused');
DROP ROLE regress_jobs_gone;
SET ROLE regress_jobs_alice;
SELECT test.try(format('ALTER JOB %s OWNER TO regress_jobs_alice', :orphan));
SET ROLE regress_jobs_admin;
\set VERBOSITY sqlstate
ALTER JOB :orphan OWNER TO regress_jobs_alice;
\set VERBOSITY terse
SELECT test.owner(:orphan);

CALL test.wait_for(:alices, 'paused');
CALL test.wait_for(:groups, 'paused');
CALL test.wait_for(:orphan, 'paused');
CANCEL JOBS VALUES (:alices), (:groups), (:admins), (:orphan);
RESET ROLE;
CALL test.wait_for(:alices, 'canceled');
CALL test.wait_for(:groups, 'canceled');
CALL test.wait_for(:admins, 'canceled');
CALL test.wait_for(:orphan, 'canceled');
DROP FUNCTION test.owner(bigint);
DROP ROLE regress_jobs_giver, regress_jobs_nologin;
