--
-- SHOW of jobs, row by row of what CockroachDB accepts and refuses.
--
SELECT jobs.submit('SELECT 1', start_at => now() + interval '1 day', description => 'one') AS one,
	jobs.submit('SELECT 1', start_at => now() + interval '1 day', description => 'two') AS two \gset
SELECT test.made_by_schedule(:one, 105), test.made_by_schedule(:two, 106);
CREATE TABLE test.shown AS SELECT :one AS job UNION ALL SELECT :two;

-- The columns of each form.
CREATE PROCEDURE test.columns(statement text) LANGUAGE plpgsql AS $$
DECLARE
	columns text;
BEGIN
	EXECUTE 'CREATE VIEW test.v AS SELECT * FROM [' || statement || ']';
	SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) INTO columns
	FROM pg_attribute WHERE attrelid = 'test.v'::regclass AND attnum > 0;
	DROP VIEW test.v;
	RAISE NOTICE '%', columns;
END $$;
CALL test.columns('SHOW JOBS');
CALL test.columns('SHOW AUTOMATIC JOBS');
CALL test.columns('SHOW JOB 1');
CALL test.columns('SHOW JOBS FOR SCHEDULE 1');
CALL test.columns('SHOW JOBS WITH EXECUTION DETAILS');
CALL test.columns('SHOW JOB 1 WITH RESOLVED TIMESTAMP, EXECUTION DETAILS');
CALL test.columns('SHOW CHANGEFEED JOBS');
CALL test.columns('SHOW CHANGEFEED JOB 1 WITH WATCHED_TABLES');
DROP PROCEDURE test.columns;

-- The forms.
SELECT description FROM [SHOW JOBS] WHERE job_id >= :one ORDER BY 1;
SELECT description FROM [SHOW JOB :one];
SELECT description FROM [SHOW JOBS SELECT job FROM test.shown] ORDER BY 1;
SELECT description FROM [SHOW JOBS FOR SCHEDULE 105];
SELECT description FROM [SHOW JOBS FOR SCHEDULES VALUES (105), (106), (106), (107), (NULL)] ORDER BY 1;
SELECT count(*) FROM [SHOW JOBS FOR SCHEDULE NULL];
SELECT description FROM jobs.show_jobs_for_schedules('{106}');
SELECT plan_diagram, component_fraction_progressed, resolved, description
FROM [SHOW JOB :one WITH EXECUTION DETAILS, RESOLVED TIMESTAMP];
SELECT plan_diagram, description FROM [SHOW JOBS (SELECT job FROM test.shown) WITH EXECUTION DETAILS] ORDER BY 2;
SHOW JOB WHEN COMPLETE -1 \g | tail -n 2
SHOW JOBS FOR SCHEDULE 199 \g | tail -n 2
SHOW JOB -1 WITH EXECUTION DETAILS;
SHOW CHANGEFEED JOB -1;
SHOW CHANGEFEED JOBS \g | tail -n 2

-- What another creator has made is of no schedule.
UPDATE jobs.job SET created_by_type = 'somebody' WHERE job_id = :two;
SELECT count(*) FROM [SHOW JOBS FOR SCHEDULE 106];
UPDATE jobs.job SET created_by_type = 'crdb_schedule' WHERE job_id = :two;

-- Unfinished ones first: those that have not started, then those that have started
-- last; then what has finished last.
BEGIN;
SELECT jobs.submit('SELECT 1', description => 'three') AS three, jobs.submit('SELECT 1', description => 'four') AS four \gset
UPDATE jobs.job SET started = '2000-01-02' WHERE job_id = :two;
UPDATE jobs.job SET started = '2000-01-01' WHERE job_id = :three;
UPDATE jobs.job SET started = '2000-01-03', finished = now() - interval '1 hour', state = 'failed' WHERE job_id = :four;
SELECT description FROM [SHOW JOBS] WHERE job_id >= :one;
ROLLBACK;

-- Automatic ones.
UPDATE jobs.job SET automatic = true WHERE job_id = :two;
SELECT description FROM [SHOW AUTOMATIC JOBS] WHERE job_id >= :one;
SELECT description FROM [SHOW JOBS] WHERE job_id >= :one;
SELECT description FROM [SHOW JOB :two];
SELECT description FROM jobs.show_automatic_jobs() WHERE job_id >= :one;

-- Changefeeds: what is in their arguments, without secrets.
UPDATE jobs.job SET job_type = 'CHANGEFEED', checkpoint = '{"high_water": "1767225600000000000.0000000001"}',
	arguments = '{"sink_uri": "kafka://me:p@ss@host:9092/t?sasl_user=u&sasl_password=x&AWS_SECRET_ACCESS_KEY=y&topic_prefix=z",
	"full_table_names": ["db.public.a", "db.public.b"], "topics": ["a", "b"]}' WHERE job_id = :one;
SET TIME ZONE 'UTC';
SELECT high_water_timestamp, readable_high_water_timestamptz, sink_uri, full_table_names, topics, format
FROM [SHOW CHANGEFEED JOBS];
RESET TIME ZONE;
SELECT resolved FROM [SHOW JOB :one WITH RESOLVED TIMESTAMP];
UPDATE jobs.job SET checkpoint = NULL, arguments = '{"sink_uri": "s3://bucket/x", "topics": "a", "format": "csv"}'
WHERE job_id = :one;
SELECT high_water_timestamp, sink_uri, full_table_names, topics, format FROM [SHOW CHANGEFEED JOB :one WITH WATCHED_TABLES];
SELECT count(*) FROM [SHOW CHANGEFEED JOBS VALUES (:one), (:two)];
SELECT count(*) FROM jobs.show_changefeed_jobs(ARRAY[:two]::bigint[]);
SET ROLE regress_jobs_alice;
SELECT count(*) FROM [SHOW CHANGEFEED JOBS];
SELECT count(*) FROM [SHOW CHANGEFEED JOB :one];
SELECT jobs.resolved_timestamp(:one), (SELECT count(*) FROM [SHOW AUTOMATIC JOBS]) AS automatic,
	(SELECT count(*) FROM [SHOW JOBS FOR SCHEDULE 105]) AS of_schedule;
RESET ROLE;
UPDATE jobs.job SET job_type = 'SQL' WHERE job_id = :one;

-- In WITH.
WITH x AS (SHOW JOBS) SELECT description FROM x WHERE job_id = :one;
WITH RECURSIVE a AS (SELECT :one AS id), x (i, t) AS MATERIALIZED (SHOW JOB (SELECT :two)),
	y AS NOT MATERIALIZED (SHOW JOBS FOR SCHEDULES (SELECT 105)), z AS (SHOW JOBS SELECT id FROM a)
SELECT i = :two AS two, y.description, z.description FROM x, y, z;
SELECT (WITH x AS (SHOW JOB :one WITH EXECUTION DETAILS) SELECT description FROM x);
CREATE VIEW test.v AS WITH x AS (SHOW AUTOMATIC JOBS) SELECT job_id, description FROM x;
SELECT description FROM test.v WHERE job_id >= :one;
DROP VIEW test.v;
INSERT INTO test.shown WITH x AS (SHOW JOBS WITH y AS (SHOW JOB :one) SELECT job_id FROM y) SELECT job_id FROM x;
SELECT count(*) FROM test.shown;
CANCEL JOBS WITH x AS (SHOW JOB -1) SELECT job_id FROM x;
WITH x AS (SHOW JOB 1, 2) SELECT 1;
WITH x AS (SHOW JOBS ORDER BY 1) SELECT 1;
WITH x AS (SHOW JOB) SELECT 1;
WITH x AS (SHOW work_mem) SELECT 1;
-- What looks so but is none.
WITH a AS (SELECT 1) SELECT * FROM json_to_record('{"job": 1}') AS (job text) \; WITH x AS (SHOW JOB -1) SELECT count(*) FROM x;
CREATE TYPE test.composite AS (cancel job) \; WITH x AS (SHOW JOB -1) SELECT count(*) FROM x;

-- EXPLAIN and PREPARE.
PREPARE a AS SHOW JOBS;
PREPARE b AS SHOW JOB $1;
PREPARE c AS SHOW JOBS FOR SCHEDULE $1;
EXECUTE b (-1) \g | tail -n 2
EXECUTE c (-1) \g | tail -n 2
SELECT name, parameter_types FROM pg_prepared_statements WHERE name IN ('a', 'b', 'c') ORDER BY 1;
DEALLOCATE ALL;
CREATE FUNCTION test.has_plan(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	EXECUTE 'EXPLAIN ' || statement INTO line;
	RETURN line IS NOT NULL;
END $$;
SELECT test.has_plan('SHOW JOBS'), test.has_plan('SHOW JOB 1'), test.has_plan('(COSTS OFF) SHOW AUTOMATIC JOBS'),
	test.has_plan('ANALYZE VERBOSE SHOW JOBS FOR SCHEDULE 105'), test.has_plan('SHOW CHANGEFEED JOBS');
DROP FUNCTION test.has_plan;

-- In PL/pgSQL.
CREATE FUNCTION test.f() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint := (SELECT count(*) FROM [SHOW JOBS FOR SCHEDULE 106]);
	shown record;
BEGIN
	PERFORM * FROM [SHOW JOBS];
	/* twice */ Perform count(*) FROM [SHOW JOB n] j;
	FOR shown IN SHOW JOBS FOR SCHEDULE 106 LOOP
		RAISE NOTICE '%', shown.description;
	END LOOP;
	RETURN n;
END $$;
SELECT test.f();
DROP FUNCTION test.f;
DO $$ BEGIN PERFORM * FROM [SHOW JOBS 1]; END $$;

-- What CockroachDB refuses.
SHOW JOB;
SHOW JOB WITH EXECUTION DETAILS;
SHOW JOBS 1;
SHOW JOBS WHERE true;
SHOW JOBS ORDER BY 1;
SHOW JOBS LIMIT 1;
SHOW JOBS WHEN COMPLETE;
SHOW AUTOMATIC JOB 1;
SHOW AUTOMATIC JOB;
SHOW AUTOMATIC JOBS 1;
SHOW AUTOMATIC JOBS WHERE true;
SHOW AUTOMATIC JOBS WITH EXECUTION DETAILS;
SHOW JOBS FOR SCHEDULE;
SHOW JOBS FOR SCHEDULES 1;
SHOW JOBS FOR SCHEDULE 1, 2;
SHOW JOB FOR SCHEDULE 1;
SHOW JOBS FOR 1;
SHOW JOBS FOR SCHEDULE 1 WITH EXECUTION DETAILS;
SHOW JOB WHEN COMPLETE 1 WITH EXECUTION DETAILS;
SHOW JOBS WITH EXECUTION;
SHOW JOBS WITH EXECUTION DETAILS,;
SHOW JOBS WITH EXECUTION DETAILS RESOLVED TIMESTAMP;
SHOW JOBS WITH EXECUTION DETAILS, WATCHED_TABLES;
SHOW JOB 1 WITH WATCHED_TABLES;
SHOW CHANGEFEED JOB;
SHOW CHANGEFEED JOBS 1;
SHOW CHANGEFEED JOBS WITH EXECUTION DETAILS;
SHOW CHANGEFEED;
SELECT * FROM [SHOW JOB];
SELECT * FROM [SHOW AUTOMATIC JOB 1];
SELECT * FROM [SHOW AUTOMATIC JOBS 1];
SELECT * FROM [SHOW JOBS WITH EXECUTION DETAILS, 1];
SELECT * FROM [PAUSE JOB 1];

CANCEL JOBS VALUES (:one), (:two);
DROP TABLE test.shown;
