-- Who sees and who controls whose jobs: CockroachDB's rules, row by row, and each
-- view and function that could show a job.

CREATE ROLE regress_jobs_carol LOGIN;
CREATE ROLE regress_jobs_viewer LOGIN IN ROLE viewjob;
CREATE ROLE regress_jobs_controller LOGIN IN ROLE controljob;
CREATE ROLE regress_jobs_operators IN ROLE controljob;
CREATE ROLE regress_jobs_operator LOGIN IN ROLE regress_jobs_operators;
CREATE ROLE regress_jobs_noinherit LOGIN NOINHERIT IN ROLE controljob, viewjob, regress_jobs_alice;

-- The roles of the extension are plain ones, that cannot log in.
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolinherit FROM pg_roles
WHERE rolname IN ('controljob', 'repaircluster', 'viewjob') ORDER BY rolname;
SELECT * FROM jobs.system_privilege ORDER BY privilege;

-- Three jobs that run.
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SELECT test.say(''hers''); SELECT pg_sleep(1000)') AS alices \gset
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT pg_sleep(1000)') AS groups \gset
SET ROLE regress_jobs_admin;
SELECT jobs.submit('SELECT pg_sleep(1000)') AS admins \gset
RESET ROLE;
CALL test.wait_for(:alices, 'running');
CALL test.wait_for(:groups, 'running');
CALL test.wait_for(:admins, 'running');
CALL test.wait_until('(SELECT count(*) = 3 FROM jobs.live())');
CREATE TABLE test.target (n integer, whose text, job bigint);
INSERT INTO test.target VALUES (1, 'alice', :alices), (2, 'group', :groups), (3, 'admin', :admins), (4, 'nobody', 99999999);
GRANT SELECT ON test.target TO PUBLIC;

-- Where the current user finds a job.
CREATE FUNCTION test.finds(id bigint) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT concat_ws(' ',
		(SELECT 'jobs' FROM jobs.jobs WHERE job_id = id),
		(SELECT 'recent' FROM jobs.recent_jobs WHERE job_id = id),
		(SELECT 'list' FROM jobs.show_jobs() WHERE job_id = id),
		(SELECT 'show' FROM jobs.show_jobs(ARRAY[id])),
		(SELECT 'messages' FROM jobs.messages WHERE job_id = id LIMIT 1),
		(SELECT 'live' FROM jobs.live() WHERE job_id = id),
		CASE WHEN NOT jobs.wait(id, '0') THEN 'wait' END,
		CASE WHEN test.try(format('SELECT jobs.submit(''SELECT 1'', start_at => ''2100-01-01'', depends_on => ARRAY[%s])', id)) !~ '^42704' THEN 'depend' END)
$$;
-- What everybody finds, and what comes of RESUME, which asks nothing of a job
-- that runs.
CREATE FUNCTION test.everybody(what text) RETURNS TABLE (as_role text, whose text, result text)
LANGUAGE plpgsql AS $$
BEGIN
	FOREACH as_role IN ARRAY ARRAY['alice', 'bob', 'carol', 'viewer', 'controller', 'operator', 'noinherit', 'admin']
	LOOP
		PERFORM set_config('role', 'regress_jobs_' || as_role, true);
		RETURN QUERY EXECUTE format('SELECT %L, whose, %s FROM test.target ORDER BY n', as_role, what);
		PERFORM set_config('role', 'none', true);
	END LOOP;
END $$;
BEGIN;
SELECT as_role, whose, result AS finds FROM test.everybody('test.finds(job)');
ROLLBACK;
BEGIN;
SELECT as_role, whose, result AS resumes FROM test.everybody('test.try(format(''SELECT jobs.resume(%s)'', job))');
ROLLBACK;

-- In a transaction that has lost, or got, a privilege it counts at once.
BEGIN;
SET ROLE regress_jobs_viewer;
SELECT count(*) AS seen FROM jobs.jobs JOIN test.target ON job = job_id;
RESET ROLE;
REVOKE viewjob FROM regress_jobs_viewer;
SET ROLE regress_jobs_viewer;
SELECT count(*) AS seen FROM jobs.jobs JOIN test.target ON job = job_id;
RESET ROLE;
GRANT controljob TO regress_jobs_viewer;
SET ROLE regress_jobs_viewer;
SELECT count(*) AS seen FROM jobs.jobs JOIN test.target ON job = job_id;
SELECT jobs.resume(:alices);
ROLLBACK;

-- All or nothing: one job that may not be controlled decides for all.
SET ROLE regress_jobs_controller;
SELECT test.try(format('SELECT jobs.cancel_jobs(ARRAY[%s, %s])', :alices, :admins));
SELECT test.try(format('SELECT jobs.pause_jobs(ARRAY[%s, %s])', :admins, :alices));
SELECT status FROM jobs.jobs JOIN test.target ON job = job_id ORDER BY n;
-- Not the statistics, which are for others, nor a look at the tables.
SELECT test.try('SELECT count(*) FROM jobs.stats');
SELECT test.try('SELECT count(*) FROM jobs.job');
SELECT test.try('SELECT count(*) FROM jobs.system_privilege');
SELECT test.try('SELECT jobs.may_control(10, true, 10, false)');
-- What a definer may see is the definer's.
SET ROLE regress_jobs_carol;
SELECT jobs.may_see_all();
RESET ROLE;
CREATE FUNCTION test.seen_by_viewer() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	RETURN (SELECT count(*) FROM jobs.jobs JOIN test.target ON job = job_id);
ALTER FUNCTION test.seen_by_viewer() OWNER TO regress_jobs_viewer;
SET ROLE regress_jobs_carol;
SELECT test.seen_by_viewer();
RESET ROLE;

-- Control in earnest.
SET ROLE regress_jobs_operator;
PAUSE JOB :alices;
RESET ROLE;
CALL test.wait_for(:alices, 'paused');
SELECT requested_by FROM jobs.jobs WHERE job_id = :alices;
SET ROLE regress_jobs_operator;
RESUME JOB :alices;
CANCEL JOBS SELECT job FROM test.target WHERE whose IN ('alice', 'group');
CANCEL JOB :admins;
RESET ROLE;
CALL test.wait_for(:alices, 'canceled');
CALL test.wait_for(:groups, 'canceled');
CANCEL JOB :admins;
CALL test.wait_for(:admins, 'canceled');

-- A job given to somebody by who had not her rights is held: CONTROLJOB does not
-- let it run with them.
SET ROLE regress_jobs_carol;
SELECT jobs.submit('SELECT pg_sleep(1000)', on_cancel => 'SELECT test.say(''undone by '' || session_user)') AS job \gset
RESET ROLE;
CALL test.wait_for(:job, 'running');
CALL test.wait_until('(SELECT count(*) = 1 FROM jobs.live())');
REASSIGN OWNED BY regress_jobs_carol TO regress_jobs_alice;
CALL test.wait_for(:job, 'paused');
SET ROLE regress_jobs_controller;
SELECT verb, test.try(format('%s JOB %s', verb, :job)) FROM unnest(ARRAY['RESUME', 'CANCEL', 'PAUSE']) verb;
SELECT status FROM jobs.jobs WHERE job_id = :job;
SET ROLE regress_jobs_alice;
DROP OWNED BY regress_jobs_alice;	-- leaves it alone
SELECT status FROM jobs.jobs WHERE job_id = :job;
CANCEL JOB :job;
CALL test.wait_for(:job, 'canceled');
SELECT message FROM test.output(:job) WHERE message ~ 'undone';

RESET ROLE;
DROP FUNCTION test.seen_by_viewer();
DROP TABLE test.target;
DROP FUNCTION test.finds(bigint), test.everybody(text);
DROP ROLE regress_jobs_carol, regress_jobs_viewer, regress_jobs_controller, regress_jobs_operator,
	regress_jobs_operators, regress_jobs_noinherit;
