-- Statements about schedules: none of these schedules comes to run by itself.

SET timezone = 'UTC';
CREATE VIEW test.schedules AS
	SELECT label, schedule_status AS status, next_run, state, recurrence, CASE WHEN owner = session_user THEN 'me' ELSE owner END AS owner, on_previous_running, on_execution_failure, command
	FROM jobs.schedules ORDER BY schedule_id;

CREATE TABLE test.counted AS SELECT * FROM jobs.stats WHERE job_type = 'SQL';

-- CREATE SCHEDULE, its options and their defaults.
CREATE FUNCTION test.created(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	made record;
BEGIN
	EXECUTE statement INTO made;
	RETURN concat_ws(' | ', made.label, made.status, made.first_run, made.schedule, made.command);
END $$;
SELECT test.created($$CREATE SCHEDULE 'year' FOR SQL 'SELECT 1' RECURRING '@yearly' WITH SCHEDULE OPTIONS first_run = '2099-01-02 03:04:05+00'$$);
SELECT test.created($$CREATE SCHEDULE bare FOR SQL 'SELECT 2' RECURRING '0 0 29 2 *'
	WITH SCHEDULE OPTIONS (on_execution_failure = 'PAUSE', on_previous_running = 'Skip', max_running = 3, first_run = '2099-01-01 00:00+00', timezone = 'Europe/Berlin')$$);
SELECT test.created($$CREATE SCHEDULE "Quoted" FOR SQL 'SELECT 3' RECURRING '@every 10h' WITH SCHEDULE OPTIONS on_execution_failure = 'retry', on_previous_running = 'start', first_run = '2099-01-01 00:00+00'$$);
SELECT test.created($$CREATE SCHEDULE once FOR SQL 'SELECT 4' RECURRING '@at 2099-05-06 07:08:09'$$);
SELECT test.created($$CREATE SCHEDULE IF NOT EXISTS year FOR SQL 'SELECT 5' RECURRING '@daily'$$);
SELECT regexp_replace(label, '\d+', 'N') FROM jobs.create_schedule(NULL, 'SELECT 6', '@yearly') \gset gone_
BEGIN;
CREATE SCHEDULE gone FOR SQL 'SELECT 7' RECURRING '@yearly' \gset gone_
SELECT :'gone_label', :'gone_status', :'gone_schedule', :'gone_command', :'gone_first_run'::timestamptz > now();
ROLLBACK;
SELECT count(*) FROM [SHOW SCHEDULES] WHERE label = 'gone';
DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label LIKE 'SQL %';
PREPARE make AS CREATE SCHEDULE $1 FOR SQL $2 RECURRING $3 WITH SCHEDULE OPTIONS first_run = $4, on_previous_running = $5;
EXECUTE make('prepared', 'SELECT 8', '@daily', '2099-12-31 00:00+00', 'wait') \gset made_
SELECT :'made_label', :'made_first_run';
DROP SCHEDULE :made_schedule_id;

-- What is wrong.
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '0 0 30 2 *';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@sometimes';
CREATE SCHEDULE a FOR SQL 'SELEC 1' RECURRING '@daily';
CREATE SCHEDULE a FOR SQL '' RECURRING '@daily';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS on_execution_failure = 'never';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS on_previous_running = 'never';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS timezone = 'Nowhere/Land';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS max_running = 0;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS first_run = 'someday';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS first_run;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS color = 'red';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS;
SELECT test.try($$CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS (timezone = 'UTC'$$);
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS (timezone = 'UTC') x;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS timezone = 'UTC' x;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH OPTIONS timezone = 'UTC';
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING @daily;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING NEVER;
CREATE SCHEDULE a FOR SQL 'SELECT 1';
CREATE SCHEDULE a FOR SQL SELECT 1 RECURRING '@daily';
CREATE SCHEDULE a FOR;
CREATE SCHEDULE a;
CREATE SCHEDULE;
CREATE SCHEDULE a b FOR SQL 'SELECT 1' RECURRING '@daily';
CREATE SCHEDULE IF NOT EXISTS FOR SQL 'SELECT 1' RECURRING '@daily';
SELECT jobs.create_schedule(NULL, 'SELECT 1', '@daily', if_not_exists => true);
SELECT jobs.create_schedule('a', NULL, '@daily');
SELECT jobs.create_schedule('a', 'SELECT 1', NULL);
SELECT jobs.create_schedule(repeat('a', 1025), 'SELECT 1', '@daily');
BEGIN READ ONLY;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily';
ROLLBACK;

-- SHOW SCHEDULES and its like.
SELECT * FROM test.schedules;
SELECT label, recurrence, next_run FROM [SHOW SCHEDULES];
SELECT schedule_id AS year FROM jobs.schedules WHERE label = 'year' \gset
SELECT schedule_id AS once FROM jobs.schedules WHERE label = 'once' \gset
SELECT label FROM [SHOW SCHEDULE :year];
SELECT label FROM [SHOW SCHEDULE 0];
SELECT create_statement FROM [SHOW CREATE SCHEDULE :year];
SELECT create_statement FROM [SHOW CREATE ALL SCHEDULES];
\gdesc
SHOW SCHEDULE 0;
SHOW SCHEDULES FOR BACKUP;
SHOW RUNNING SCHEDULES FOR SQL STATISTICS;
SHOW PAUSED SCHEDULES;
SHOW SCHEDULES x;
SHOW SCHEDULES FOR;
SHOW SCHEDULES FOR 1;
SHOW SCHEDULE;
SHOW CREATE SCHEDULE;

-- PAUSE and RESUME; an id that is none is no error.
PAUSE SCHEDULE :year;
PAUSE SCHEDULES VALUES (:year), (0), (NULL), (:year);
SELECT label FROM [SHOW PAUSED SCHEDULES];
SELECT label FROM [SHOW RUNNING SCHEDULES FOR SQL];
SELECT label, status, next_run, state FROM test.schedules WHERE label = 'year';
RESUME SCHEDULE :year;
SELECT label, status, next_run > now() AND extract(day FROM next_run) = 1 AS next_year FROM test.schedules WHERE label = 'year';
RESUME SCHEDULE :once;
SELECT next_run FROM test.schedules WHERE label = 'once';
BEGIN;
PAUSE SCHEDULES SELECT id FROM [SHOW SCHEDULES];
SELECT count(*) FROM [SHOW RUNNING SCHEDULES];
ROLLBACK;
SELECT count(*) FROM [SHOW RUNNING SCHEDULES];
PAUSE SCHEDULE 'foo';
PAUSE SCHEDULE;
PAUSE SCHEDULES SELECT 1, 2;
DROP SCHEDULES SELECT 'x'::text;
DROP SCHEDULE IF EXISTS 1;
PREPARE t AS SELECT 1;
PREPARE schedules AS SELECT 1 AS "prepared statement";
EXECUTE schedules;
SELECT jobs.pause_schedules(ARRAY[:year, 0, NULL]), jobs.resume_schedules(ARRAY[:year]), jobs.pause_schedules(NULL);

-- EXECUTE runs one at once, whatever it is due for.
EXECUTE SCHEDULES SELECT :year;
EXECUTE SCHEDULE 0;
SELECT job_id AS job FROM jobs.schedule_runs WHERE schedule_id = :year \gset
CALL test.wait_for(:job, 'succeeded');
SELECT job_type, statement, user_name = current_user AS owned, created_by_type, created_by_id = :year AS by_it FROM jobs.jobs WHERE job_id = :job;
CALL test.wait_until(format('(SELECT outcome = ''succeeded'' FROM jobs.schedule_runs WHERE job_id = %s)', :job));
SELECT label, job_id = :job AS it, missed, outcome, detail FROM jobs.schedule_runs;
SELECT last_outcome, last_job_id = :job AS it FROM jobs.schedules WHERE label = 'year';

-- The jobs of a schedule.
SELECT schedule_id AS test FROM jobs.create_schedule('test_schedule', 'SELECT pg_sleep(100)', '@yearly') \gset
EXECUTE SCHEDULE :test;
SELECT job_id AS job FROM jobs.schedule_runs WHERE schedule_id = :test \gset
CALL test.wait_for(:job, 'running');
SELECT jobsrunning FROM [SHOW SCHEDULE :test];
SELECT job_id = :job AS it FROM [SHOW JOBS FOR SCHEDULE :test];
CANCEL JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'test_schedule';
CALL test.wait_for(:job, 'canceled');
CALL test.wait_until(format('(SELECT outcome = ''canceled'' FROM jobs.schedule_runs WHERE job_id = %s)', :job));
SELECT regexp_replace(state, '\d+', 'N', 'g') FROM [SHOW SCHEDULE :test];
CANCEL JOBS FOR SCHEDULE 590204387299262465;

-- Privileges: the owner, members of that role and superusers.
SET ROLE regress_jobs_group;
SELECT label, status FROM jobs.create_schedule('group''s', 'SELECT 1', '@yearly');
SELECT label, owner FROM [SHOW SCHEDULES];
RESET ROLE;
SELECT schedule_id AS theirs FROM jobs.schedules WHERE label = 'group''s' \gset
SET ROLE regress_jobs_alice;
SELECT label FROM [SHOW SCHEDULES];
SELECT test.try('SELECT jobs.pause_schedules(ARRAY[' || :theirs || '])');
SELECT test.try('SELECT jobs.resume_schedules(ARRAY[' || :theirs || '])');
SELECT test.try('SELECT jobs.drop_schedules(ARRAY[' || :theirs || '])');
SELECT test.try('SELECT jobs.execute_schedules(ARRAY[' || :theirs || '])');
SELECT test.try('TABLE jobs.schedule');
SELECT test.try('TABLE jobs.schedule_run');
SELECT test.try('TABLE jobs.installation');
-- VIEWJOB and CONTROLJOB show the schedules of others; neither controls them.
RESET ROLE;
GRANT viewjob TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
SELECT count(*) > 1 AS all_of_them, bool_or(label = 'group''s') AS theirs FROM [SHOW SCHEDULES];
SELECT count(*) > 0 AS their_runs FROM jobs.schedule_runs;
SELECT test.try('SELECT jobs.pause_schedules(ARRAY[' || :theirs || '])');
RESET ROLE;
REVOKE viewjob FROM regress_jobs_alice;
GRANT controljob TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
SELECT count(*) FROM [SHOW SCHEDULE :theirs];
SELECT test.try('SELECT jobs.resume_schedules(ARRAY[' || :theirs || '])');
RESET ROLE;
REVOKE controljob FROM regress_jobs_alice;
-- REPAIRCLUSTER shows and controls them, a superuser's, too, and shows no job.
GRANT SYSTEM REPAIRCLUSTER TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
SELECT count(*) FROM [SHOW SCHEDULES] WHERE id IN (:theirs, :year);
PAUSE SCHEDULES VALUES (:theirs), (:year);
SELECT schedule_status FROM [SHOW SCHEDULES] WHERE id IN (:theirs, :year);
RESUME SCHEDULES VALUES (:theirs), (:year);
EXECUTE SCHEDULE :theirs;
SELECT job_id AS job FROM jobs.schedule_runs WHERE schedule_id = :theirs \gset
SELECT count(*) FROM [SHOW JOBS FOR SCHEDULE :theirs];
SELECT test.try('CANCEL JOB ' || :job) ~ 'does not have privileges' AS refused;
BEGIN;
DROP SCHEDULE :theirs;
ROLLBACK;
RESET ROLE;
CALL test.wait_for(:job, 'succeeded');
SELECT user_name FROM [SHOW JOB :job];
-- The three jobs so far are counted, one that was rolled back is not.
BEGIN;
EXECUTE SCHEDULE :year;
ROLLBACK;
CALL test.wait_until('(SELECT s.schedules_succeeded + s.schedules_failed >= 3 + c.schedules_succeeded + c.schedules_failed FROM jobs.stats s JOIN test.counted c USING (job_type))');
SELECT s.schedules_started - c.schedules_started AS started, s.schedules_succeeded - c.schedules_succeeded AS succeeded,
	s.schedules_failed - c.schedules_failed AS failed, m.schedules_started = s.schedules_started
		AND m.schedules_succeeded = s.schedules_succeeded AND m.schedules_failed = s.schedules_failed AS metrics
FROM jobs.stats s JOIN test.counted c USING (job_type) JOIN jobs.metrics m USING (job_type);
DROP TABLE test.counted;
REVOKE SYSTEM REPAIRCLUSTER FROM regress_jobs_alice;
SET ROLE regress_jobs_bob;
SELECT label, owner FROM [SHOW SCHEDULES];
PAUSE SCHEDULE :theirs;
RESET ROLE;
RESUME SCHEDULE :theirs;

-- What somebody's session is made to run makes no schedule.
CREATE SCHEMA attack AUTHORIZATION regress_jobs_alice;
SET ROLE regress_jobs_alice;
CREATE FUNCTION attack.f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE TABLE attack.t AS SELECT 1 AS a;
CREATE INDEX t_idx ON attack.t (attack.f(a));
CREATE OR REPLACE FUNCTION attack.f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM jobs.create_schedule('mine', 'SELECT 1', '@every 1s');
	RETURN 1;
END $$;
RESET ROLE;
\set VERBOSITY terse
REINDEX INDEX attack.t_idx;
CREATE OR REPLACE FUNCTION attack.f(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM jobs.create_backup_schedule('mine', ARRAY['x'], '@every 1s');
	RETURN 1;
END $$;
REINDEX INDEX attack.t_idx;
-- Names of hers in front of the server's are not used.
CREATE FUNCTION attack.schedule_statement(text, jsonb) RETURNS text LANGUAGE sql AS $$ SELECT 'attack' $$;
CREATE FUNCTION attack.jsonb_build_object(VARIADIC "any") RETURNS jsonb LANGUAGE internal AS 'jsonb_build_object';
CREATE FUNCTION attack.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'attack'; END $$;
CREATE OPERATOR attack.= (FUNCTION = attack.equal, LEFTARG = text, RIGHTARG = text);
CREATE TABLE attack.schedule (schedule_id bigint);
SET search_path = attack, pg_catalog;
BEGIN;
SELECT label, command FROM jobs.create_schedule('safe', 'SELECT 1', '@yearly');
SELECT count(*) FROM [SHOW SCHEDULES FOR SQL] s WHERE s.label LIKE 'safe';
PAUSE SCHEDULES SELECT id FROM [SHOW SCHEDULES] s WHERE s.label LIKE 'safe';
DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES] s WHERE s.label LIKE 'safe';
ROLLBACK;
RESET search_path;
\set VERBOSITY default
SET client_min_messages = warning;
DROP SCHEMA attack CASCADE;
RESET client_min_messages;

-- What owners hand over is paused, unless the new one's rights were theirs.
REASSIGN OWNED BY regress_jobs_group TO regress_jobs_alice;
SELECT label, status, owner, state FROM test.schedules WHERE label = 'group''s';
-- Who has REPAIRCLUSTER cannot let that run, only the new owner.
GRANT SYSTEM REPAIRCLUSTER TO regress_jobs_bob;
SET ROLE regress_jobs_bob;
SELECT label FROM [SHOW SCHEDULE :theirs];
SELECT test.try('SELECT jobs.resume_schedules(ARRAY[' || :theirs || '])');
SELECT test.try('SELECT jobs.execute_schedules(ARRAY[' || :theirs || '])');
SET ROLE regress_jobs_alice;
RESUME SCHEDULE :theirs;
SET ROLE regress_jobs_bob;
PAUSE SCHEDULE :theirs;
RESUME SCHEDULE :theirs;
RESET ROLE;
REVOKE SYSTEM REPAIRCLUSTER FROM regress_jobs_bob;
DROP OWNED BY regress_jobs_alice;
SELECT count(*) FROM jobs.schedules WHERE label = 'group''s';

-- DROP.
DROP SCHEDULE :year;
DROP SCHEDULE :year;
SELECT jobs.create_schedule('long', repeat('-', 2000000), '@daily');
DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'bare' UNION ALL SELECT id FROM [SHOW SCHEDULES] WHERE label = 'bare';
DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES];
SELECT count(*) FROM jobs.schedules;
DROP VIEW test.schedules;
