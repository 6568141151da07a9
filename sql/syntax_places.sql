--
-- CANCEL, PAUSE, RESUME and SHOW in all the places in which they can stand.
--
\set QUIET off

-- Jobs that are over, and jobs that wait for their cancel; ids are never printed.
SELECT jobs.submit('SELECT pg_sleep(600)', description => 'place one') AS one,
	jobs.submit('SELECT pg_sleep(600)', description => 'place two') AS two,
	jobs.submit('SELECT pg_sleep(600)', description => 'place three') AS three,
	jobs.submit('SELECT pg_sleep(600)', description => 'place four') AS four \gset
CANCEL JOBS VALUES (:one), (:two);
CALL test.wait_for(:one, 'canceled');
CALL test.wait_for(:two, 'canceled');
CALL test.wait_for(:three, 'running');

-- Several statements in one string, ours and PostgreSQL's mixed.
SELECT 'before' \; CANCEL JOB :one \; SELECT 'between' \; CANCEL JOBS VALUES (:one), (:two) \; SHOW server_encoding;

-- In statements of other kinds.
CREATE TEMP TABLE copy AS SELECT job_id, description FROM [SHOW JOBS] WHERE job_id IN (:one, :two);
INSERT INTO copy SELECT job_id, 'again' FROM [SHOW JOB :one];
UPDATE copy SET description = j.status FROM [SHOW JOBS] j WHERE j.job_id = copy.job_id AND copy.description = 'again';
DELETE FROM copy USING [SHOW JOB :two] j WHERE j.job_id = copy.job_id;
MERGE INTO copy USING [SHOW JOB :one] j ON j.job_id = copy.job_id AND copy.description = 'place one'
	WHEN MATCHED THEN UPDATE SET description = 'merged';
COPY (SELECT description FROM copy ORDER BY 1) TO STDOUT;
COPY (SELECT description FROM [SHOW JOB :one]) TO STDOUT;
CREATE VIEW test.one AS SELECT description FROM [SHOW JOBS] WHERE description = 'place one';
SELECT * FROM test.one;
DROP VIEW test.one;
PREPARE one AS SELECT description FROM [SHOW JOB $1];
EXECUTE one(:one);
EXECUTE one(:two);
DEALLOCATE one;
PREPARE one AS SELECT description FROM [SHOW JOB WHEN COMPLETE $1];
EXECUTE one(:one);
DEALLOCATE one;
EXPLAIN (COSTS OFF) SELECT description FROM [SHOW JOBS] \g | grep Scan | head -n 1
CREATE FUNCTION test.described(bigint) RETURNS text LANGUAGE sql
	BEGIN ATOMIC
		SELECT CASE WHEN true THEN description END FROM [SHOW JOB $1];
	END;
SELECT test.described(:one);
DROP FUNCTION test.described;

-- In a transaction block: seen inside, undone by ROLLBACK.
BEGIN;
CANCEL JOB :three;
SELECT status FROM [SHOW JOB :three];
ROLLBACK;
SELECT status FROM [SHOW JOB :three];
BEGIN;
SAVEPOINT s;
CANCEL JOB :three;
ROLLBACK TO s;
COMMIT;
SELECT status FROM [SHOW JOB :three];

-- After an error in a block, and after its end.
BEGIN;
SELECT 1/0;
CANCEL JOB :three;
SELECT 1;
CANCEL JOB :three;
SHOW JOB :three;
ROLLBACK;
SELECT status FROM [SHOW JOB :three];
BEGIN;
SAVEPOINT s;
SELECT 1/0;
ROLLBACK TO s;
PAUSE JOB :three;
COMMIT;
CALL test.wait_for(:three, 'paused');
RESUME JOB :three;
CALL test.wait_for(:three, 'running');

-- Also if the server logs no errors.
SET log_min_messages = panic;
BEGIN;
SELECT 1/0;
SELECT 2;
CANCEL JOB NULL;
ROLLBACK \; CANCEL JOB NULL;
SELECT 1/0;
SELECT 2/0;
CANCEL JOB NULL;
RESET log_min_messages;

-- Read-only.
BEGIN READ ONLY;
CANCEL JOB :three;
ROLLBACK;

-- PL/pgSQL: static, with variables, with EXECUTE, in an exception block.
CREATE PROCEDURE test.cancel_static(id bigint) LANGUAGE plpgsql AS $$
DECLARE
	found_status text;
	shown record;
	ids bigint[];
BEGIN
	PAUSE JOB id;
	CALL test.wait_for(id, 'paused');
	RESUME JOBS SELECT id;
	CALL test.wait_for(id, 'running');
	SELECT status INTO found_status FROM [SHOW JOB id];
	RAISE NOTICE 'status: %', found_status;
	FOR shown IN SHOW JOB id LOOP
		RAISE NOTICE 'shown: %', shown.description;
	END LOOP;
	FOR shown IN SHOW JOBS LOOP
		ids := ids || shown.job_id;
	END LOOP;
	RAISE NOTICE 'in the list: %', id = ANY (ids);
	found_status := (SELECT max(status) FROM [SHOW JOB id]);
	IF EXISTS (SELECT FROM [SHOW JOBS] j WHERE j.job_id = id) AND found_status = 'running' THEN
		BEGIN
			CANCEL JOB id;
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			RAISE NOTICE 'undone: %', (SELECT status FROM [SHOW JOB id]);
		END;
	END IF;
	BEGIN
		CANCEL JOB -1;
	EXCEPTION WHEN undefined_object THEN
		RAISE NOTICE '%', sqlerrm;
	END;
	EXECUTE 'CANCEL JOB $1' USING id;
	EXECUTE format('CANCEL JOB %s', id);
	COMMIT;
	CALL test.wait_for(id, 'canceled');
END $$;
CALL test.cancel_static(:three);
DO $$ BEGIN CANCEL JOB (SELECT max(job_id) FROM jobs.jobs WHERE description = 'place four'); END $$;
CALL test.wait_for(:four, 'canceled');
SELECT jobs.submit('SELECT pg_sleep(600)', description => 'place five') AS five \gset
CREATE FUNCTION test.cancel_by_name(text) RETURNS void LANGUAGE sql AS
	'CANCEL JOBS SELECT job_id FROM jobs.jobs WHERE description = $1';
SELECT test.cancel_by_name('place five');
CALL test.wait_for(:five, 'canceled');
-- the same plans once more, and after DISCARD ALL
DO $$ DECLARE n int := 0; r record; BEGIN
	FOR i IN 1 .. 3 LOOP
		FOR r IN SHOW JOBS LOOP n := n + 1; END LOOP;
	END LOOP;
	RAISE NOTICE '%', n > 0;
END $$;
CREATE FUNCTION test.count_shown() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE n int := 0; r record;
BEGIN
	FOR r IN SHOW JOBS LOOP n := n + 1; END LOOP;
	RETURN n > 0;
END $$;
SELECT test.count_shown();
DISCARD ALL;
SELECT test.count_shown();
DEALLOCATE ALL;
SELECT test.count_shown();
SHOW JOBS \g | grep -c ' place five '

-- A tag never strays to another statement.
SELECT test.count_shown();
DO $$ BEGIN PERFORM test.count_shown(); END $$;
CREATE TABLE test.fires (n int);
CREATE FUNCTION test.fire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM test.count_shown();
	CANCEL JOB NULL;
	RETURN NULL;
END $$;
CREATE TRIGGER fire AFTER INSERT ON test.fires FOR EACH ROW EXECUTE FUNCTION test.fire();
INSERT INTO test.fires VALUES (1), (2);
DROP TABLE test.fires;
CANCEL JOB -1;
SELECT 1 AS after_error;

-- A parameter, a cursor and a prepared statement of the user's own are theirs.
SHOW jobs.max_running;
SHOW work_mem;
BEGIN;
DECLARE jobs CURSOR FOR SELECT 1 AS mine;
FETCH jobs;
COMMIT;
PREPARE jobs AS SELECT 2 AS mine;
EXECUTE jobs;
DEALLOCATE jobs;

DROP FUNCTION test.fire, test.count_shown, test.cancel_by_name;
DROP PROCEDURE test.cancel_static;
