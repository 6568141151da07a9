-- Attacks by alice, who has a schema of her own, on the jobs and the rights of
-- others; see also privilege_hostile.

\set VERBOSITY terse
CREATE SCHEMA attack AUTHORIZATION regress_jobs_alice;
GRANT USAGE ON SCHEMA attack TO PUBLIC;
SET ROLE regress_jobs_admin;
SELECT jobs.submit('SELECT test.say(''secret'')', description => 'secret') AS secret \gset
CALL test.wait_for(:secret, 'succeeded');
SET ROLE regress_jobs_alice;

--
-- Names of hers in front of the server's
--
CREATE TABLE attack.caught (who name, what text);
GRANT INSERT ON attack.caught TO PUBLIC;
CREATE FUNCTION attack.catch(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO attack.caught VALUES (current_user, what);
END $$;
DO $$
DECLARE
	shadow record;
BEGIN
	FOR shadow IN
		SELECT * FROM (VALUES
			('pg_has_role', 'oid, text', 'boolean', 'true'),
			('pg_has_role', 'regrole, text', 'boolean', 'true'),
			('pg_has_role', 'oid, oid, text', 'boolean', 'true'),
			('pg_get_userbyid', 'oid', 'name', '''shadow'''),
			('length', 'text', 'integer', '1'),
			('concat', 'text, text, text', 'text', '''shadow'''),
			('left', 'text, integer', 'text', '''shadow'''),
			('right', 'text, integer', 'text', '''shadow'''),
			('date_trunc', 'text, timestamptz', 'timestamptz', '$2'),
			('now', '', 'timestamptz', 'pg_catalog.now()'),
			('clock_timestamp', '', 'timestamptz', 'pg_catalog.now()'),
			('format', 'text, text', 'text', '''shadow'''),
			('unnest', 'bigint[]', 'bigint', '1'),
			('int8', 'integer', 'bigint', '1'),
			('equal', 'bigint, bigint', 'boolean', 'true'),
			('equal', 'text, text', 'boolean', 'true'),
			('equal', 'regrole, oid', 'boolean', 'true'),
			('equal', 'oid, oid', 'boolean', 'true'),
			('less', 'timestamptz, timestamptz', 'boolean', 'true'),
			('less', 'bigint, bigint', 'boolean', 'true')
		) AS v(name, arguments, result, value)
	LOOP
		EXECUTE format('CREATE FUNCTION attack.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
					   shadow.name, shadow.arguments, shadow.result,
					   format('BEGIN PERFORM attack.catch(%L); RETURN %s; END', shadow.name, shadow.value));
	END LOOP;
END $$;
CREATE OPERATOR attack.= (FUNCTION = attack.equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR attack.= (FUNCTION = attack.equal, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR attack.= (FUNCTION = attack.equal, LEFTARG = regrole, RIGHTARG = oid);
CREATE OPERATOR attack.= (FUNCTION = attack.equal, LEFTARG = oid, RIGHTARG = oid);
CREATE OPERATOR attack.< (FUNCTION = attack.less, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR attack.> (FUNCTION = attack.less, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE OPERATOR attack.< (FUNCTION = attack.less, LEFTARG = bigint, RIGHTARG = bigint);
CREATE TABLE attack.pg_roles (oid oid, rolname name, rolcanlogin boolean);
CREATE TABLE attack.job (job_id bigint);
CREATE DOMAIN attack.regrole AS text;
RESET ROLE;

-- An administrator who has her schema in front of everything.
SET ROLE regress_jobs_admin;
CREATE TEMP TABLE job (job_id bigint);
CREATE TEMP TABLE pg_roles (oid oid);
CREATE DOMAIN pg_temp.int8 AS text;
CREATE DOMAIN pg_temp.regrole AS text;
SET search_path = pg_temp, attack, pg_catalog;
SELECT jobs.submit('SELECT pg_catalog.pg_sleep(1000)', on_cancel => 'SELECT 1') AS job \gset
SELECT jobs.submit('SELECT 1') AS done \gset
PAUSE JOB :job;
-- the test's own procedure would fall for it
RESET search_path;
CALL test.wait_for(:job, 'paused');
SET search_path = pg_temp, attack, pg_catalog;
RESUME JOB :job;
CANCEL JOB :job;
RESET search_path;
CALL test.wait_for(:job, 'canceled');
CALL test.wait_for(:done, 'succeeded');
SET search_path = pg_temp, attack, pg_catalog;
CREATE TEMP TABLE seen AS SELECT user_name FROM [SHOW JOBS];
CREATE TEMP TABLE seen_one AS SELECT user_name FROM [SHOW JOB :job];
CREATE TEMP TABLE seen_all AS SELECT user_name FROM jobs.jobs;
CREATE TEMP TABLE seen_messages AS SELECT message FROM jobs.messages;
CREATE TEMP TABLE seen_live AS SELECT job_id FROM jobs.live();
SELECT jobs.submit('SELECT 2', description => repeat('long ', 100)) > 0 AS submitted;
CANCEL JOBS TABLE seen_live;
PAUSE JOBS VALUES (NULL);
RESET search_path;
SELECT * FROM attack.caught;
SELECT user_name, count(*) > 0 AS seen FROM pg_temp.seen WHERE user_name = current_user GROUP BY 1;
DISCARD TEMP;

-- The same as herself: she sees no more than before.
SET ROLE regress_jobs_alice;
SET search_path = attack, pg_catalog;
SELECT user_name FROM [SHOW JOBS] GROUP BY user_name HAVING user_name OPERATOR(pg_catalog.<>) current_user;
SELECT user_name FROM jobs.jobs GROUP BY user_name HAVING user_name OPERATOR(pg_catalog.<>) current_user;
SELECT count(*) FROM jobs.messages WHERE message ~ 'secret';
SELECT count(*) FROM jobs.show_jobs(ARRAY[:secret]);
RESET search_path;

--
-- Functions that tell what they are shown
--
CREATE FUNCTION attack.leak(what text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS $$
BEGIN
	IF what ~ 'secret' THEN
		RAISE WARNING 'leaked: %', what;
	END IF;
	RETURN true;
END $$;
CREATE FUNCTION attack.leak_id(bigint, bigint) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS $$
BEGIN
	IF $1 = $2 THEN
		RAISE WARNING 'leaked a job';
	END IF;
	RETURN true;
END $$;
CREATE OPERATOR attack.=== (FUNCTION = attack.leak_id, LEFTARG = bigint, RIGHTARG = bigint);
SELECT count(*) >= 0 AS done FROM jobs.jobs WHERE attack.leak(description) AND attack.leak(statement) AND attack.leak(error);
SELECT count(*) >= 0 AS done FROM jobs.messages WHERE attack.leak(message);
SELECT count(*) >= 0 AS done FROM [SHOW JOBS] WHERE attack.leak(description);
SELECT count(*) >= 0 AS done FROM jobs.show_jobs(ARRAY[:secret]) WHERE attack.leak(description);
SELECT count(*) >= 0 AS done FROM jobs.jobs WHERE job_id OPERATOR(attack.===) :secret;
SELECT count(*) >= 0 AS done FROM jobs.messages WHERE job_id OPERATOR(attack.===) :secret;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT job_id FROM jobs.jobs WHERE user_name <> current_user;
COMMIT;
FETCH ALL FROM held;
CLOSE held;

-- What is there beside the views: statistics, sequences, the difference between
-- a job that one may not see and none.
RESET ROLE;
ANALYZE jobs.job, jobs.message;
GRANT pg_read_all_data TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
SELECT count(*) FROM pg_stats WHERE schemaname = 'jobs';
RESET ROLE;
REVOKE pg_read_all_data FROM regress_jobs_alice;
SET ROLE regress_jobs_alice;
SELECT test.try(format('CANCEL JOB %s', :secret));
SELECT test.try('CANCEL JOB -1');
SELECT test.try('SELECT last_value FROM jobs.job_id_seq');
SELECT test.try($$SELECT currval('jobs.job_id_seq')$$);
SELECT test.try($$SELECT nextval('jobs.job_id_seq')$$);
SELECT test.try($$SELECT setval('jobs.job_id_seq', 1)$$);

-- A plan, with its estimates and what ANALYZE counts, is the same for a text that
-- jobs of others have and for one that they have not.
RESET ROLE;
BEGIN;
INSERT INTO jobs.job (job_id, job_type, description, statement, error, owner, state, arguments, cancelable, automatic, database,
					  priority, exclusive_key, request_reason)
SELECT -n, 'SQL', 'hidden', 'hidden', 'hidden', 'regress_jobs_admin', 'succeeded', '{}', true, false, 0,
	   7171717, 'hidden', 'hidden' FROM generate_series(1, 500) n;
INSERT INTO jobs.message (job_id, kind, sqlstate, message) SELECT -n, 'notice', 'HIDDN', 'hidden' FROM generate_series(1, 500) n;
INSERT INTO jobs.progress_point (job_id, fraction) SELECT -n, 0.123 FROM generate_series(1, 500) n;
INSERT INTO jobs.schedule (schedule_id, label, owner, executor_type, recurrence, timezone, once, planned, state, on_previous_running,
						   max_running, on_execution_failure, command, statement, created, database, installation)
SELECT -n, 'hidden', 'regress_jobs_admin', 'SQL', 'hidden', 'hidden', false, now(), 'hidden', 'wait',
	   7171717, 'retry', '{"command": "hidden"}', 'hidden', now(), 0, installation FROM generate_series(1, 500) n, jobs.installation;
INSERT INTO jobs.schedule_run (schedule_id, due, recorded, missed, outcome, detail)
SELECT -n, '2001-01-01', '2001-01-01', 7171717, 'hidden', 'hidden' FROM generate_series(1, 500) n;
ANALYZE jobs.job, jobs.message, jobs.progress_point, jobs.schedule, jobs.schedule_run;
SET LOCAL ROLE regress_jobs_alice;
CREATE FUNCTION attack.plan(query text, guess text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, BUFFERS OFF, TIMING OFF, SUMMARY OFF) ' || format(query, guess) LOOP
		plan := plan || replace(line, guess, '') || E'\n';
	END LOOP;
	RETURN plan;
END $$;
SELECT query, attack.plan(query, guess) = attack.plan(query, other) AS same
FROM (VALUES
	('SELECT FROM jobs.jobs WHERE description = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.jobs WHERE description >= %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.jobs WHERE statement = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.jobs WHERE exclusive_key = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.jobs WHERE request_reason = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.jobs WHERE priority = %L', '7171717', '8181818'),
	('SELECT FROM jobs.jobs WHERE error = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.recent_jobs WHERE description = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.jobs_with_progress WHERE description = %L', 'hidden', 'nobody'),
	('SELECT FROM [SHOW JOBS] WHERE description = %L', 'hidden', 'nobody'),
	('SELECT FROM [SHOW JOB -1] WHERE statement = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.messages WHERE message = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.messages WHERE job_id = -1 AND message = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.messages WHERE job_id = -1 AND message >= %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.messages WHERE job_id = -1 AND sqlstate = %L', 'HIDDN', 'NONE.'),
	('SELECT FROM jobs.messages WHERE job_id = -1 AND kind = %L', 'notice', 'error '),
	('SELECT FROM jobs.job_messages(-1) WHERE message = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.progress_history WHERE job_id = -1 AND progress_fraction = %L', '0.123', '0.124'),
	('SELECT FROM jobs.progress_history WHERE progress_fraction = %L', '0.123', '0.124'),
	('SELECT FROM jobs.job_progress_history(-1) WHERE progress_fraction = %L', '0.123', '0.124'),
	('SELECT FROM jobs.schedules WHERE label = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedules WHERE label >= %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedules WHERE label LIKE %L', 'hidd%', 'nobo%'),
	('SELECT FROM jobs.schedules WHERE reverse(label) >= %L', 'neddih', 'ydobon'),
	('SELECT FROM jobs.schedules WHERE command ->> ''command'' = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedules WHERE timezone = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedules WHERE state = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedules WHERE recurrence = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedules WHERE max_running = %L', '7171717', '8181818'),
	('SELECT FROM jobs.system_scheduled_jobs WHERE schedule_name = %L', 'hidden', 'nobody'),
	('SELECT FROM [SHOW SCHEDULES] WHERE label = %L', 'hidden', 'nobody'),
	('SELECT FROM [SHOW SCHEDULE -1] WHERE label >= %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedule_runs WHERE detail = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedule_runs WHERE schedule_id = -1 AND outcome = %L', 'hidden', 'nobody'),
	('SELECT FROM jobs.schedule_runs WHERE schedule_id = -1 AND missed = %L', '7171717', '8181818')
	) AS v(query, guess, other);
-- Nor does a plan count what a job that one may not see has said and reported.
SELECT attack.plan('SELECT FROM jobs.messages WHERE job_id = %s', '-1') ~ 'on message [^\n]*actual rows=[1-9]' AS messages,
	attack.plan('SELECT FROM jobs.progress_history WHERE job_id = %s', '-1') ~ 'on progress_point [^\n]*actual rows=[1-9]' AS points,
	attack.plan('SELECT FROM jobs.schedule_runs WHERE schedule_id = %s', '-1') ~ 'on schedule_run [^\n]*actual rows=[1-9]' AS runs;
ROLLBACK;
SET ROLE regress_jobs_alice;

--
-- Everything that can be done to a relation of schema jobs, to all of them:
-- shown is what is not refused.
--
DO $$
DECLARE
	relation record;
	command text;
BEGIN
	FOR relation IN
		SELECT c.oid, c.oid::regclass AS name, c.relkind FROM pg_class c
		WHERE relnamespace = 'jobs'::regnamespace AND relkind IN ('r', 'v', 'S')
		ORDER BY c.oid::regclass::text
	LOOP
		FOREACH command IN ARRAY ARRAY[
			'INSERT INTO %s DEFAULT VALUES', 'DELETE FROM %s',
			'SELECT FROM %s FOR UPDATE', 'SELECT FROM %s FOR KEY SHARE',
			'TRUNCATE %s', 'LOCK TABLE %s IN ROW EXCLUSIVE MODE',
			'LOCK TABLE %s IN ACCESS EXCLUSIVE MODE',
			'ALTER TABLE %s OWNER TO regress_jobs_alice',
			'ALTER TABLE %s SET SCHEMA attack',
			'ALTER TABLE %s DISABLE ROW LEVEL SECURITY',
			'ALTER TABLE %s RENAME TO taken', 'DROP TABLE %s', 'DROP VIEW %s',
			'CREATE TRIGGER t BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
			'CREATE TRIGGER t INSTEAD OF INSERT ON %s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
			'CREATE RULE r AS ON INSERT TO %s DO ALSO SELECT 1',
			'CREATE POLICY p ON %s', 'CREATE TABLE attack.child () INHERITS (%s)',
			'CREATE TABLE attack.child (j bigint REFERENCES %s)',
			'CREATE INDEX ON %s (job_id)', 'CREATE STATISTICS ON job_id, state FROM %s',
			'CREATE PUBLICATION p FOR TABLE %s', 'COMMENT ON TABLE %s IS ''mine''',
			'REINDEX TABLE %s', 'CLUSTER %s', 'COPY %s TO ''/nowhere''',
			'COPY %s FROM ''/nowhere''']
		LOOP
			BEGIN
				EXECUTE format(command, relation.name);
				RAISE WARNING 'allowed: %', format(command, relation.name);
			EXCEPTION
				-- or what this kind of relation does not know
				WHEN insufficient_privilege OR wrong_object_type OR syntax_error
					OR undefined_column OR feature_not_supported
					OR object_not_in_prerequisite_state
					OR invalid_object_definition OR invalid_table_definition
					OR active_sql_transaction OR undefined_object THEN
					NULL;
			END;
		END LOOP;
		-- pg_dump reads it, and nothing in it gives a right
		CONTINUE WHEN relation.name::text = 'jobs.table_option';
		IF relation.relkind = 'r' AND NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation.oid) THEN
			RAISE WARNING 'no row-level security: %', relation.name;
		END IF;
		IF relation.relkind <> 'v' AND has_table_privilege(relation.oid, 'SELECT') THEN
			RAISE WARNING 'readable: %', relation.name;
		END IF;
	END LOOP;
END $$;
SELECT count(*) AS taken FROM pg_class WHERE relnamespace = 'attack'::regnamespace AND relname IN ('taken', 'child');

-- Nothing can be put beside our functions.
SELECT test.try('CREATE FUNCTION jobs.cancel(integer) RETURNS bigint LANGUAGE sql AS ''SELECT 1''');
SELECT test.try('CREATE OPERATOR jobs.= (FUNCTION = int8eq, LEFTARG = bigint, RIGHTARG = bigint)');
SELECT test.try('CREATE VIEW jobs.mine AS SELECT 1');
SELECT test.try('CREATE TYPE jobs.mine AS (a integer)');
SELECT test.try('CREATE OR REPLACE FUNCTION jobs.live() RETURNS integer LANGUAGE sql AS ''SELECT 1''');
SELECT test.try('ALTER FUNCTION jobs.submit OWNER TO regress_jobs_alice');
SELECT test.try('ALTER EXTENSION cancel_job DROP TABLE jobs.job');
SELECT test.try('DROP EXTENSION cancel_job');

--
-- Every function of schema jobs that she may call, with nulls: no internal
-- error, and no crash.
--
SET statement_timeout = '20s';
DO $$
DECLARE
	f record;
BEGIN
	FOR f IN
		SELECT p.oid::regprocedure AS name,
			   format('SELECT * FROM jobs.%I(%s)', proname,
					  (SELECT coalesce(string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n), '')
					   FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(t, n))) AS call
		FROM pg_proc p
		WHERE pronamespace = 'jobs'::regnamespace AND prokind = 'f'
			AND has_function_privilege(p.oid, 'EXECUTE')
	LOOP
		BEGIN
			EXECUTE f.call;
		EXCEPTION WHEN OTHERS THEN
			IF SQLSTATE ~ '^(XX|57014)' THEN
				RAISE WARNING '%: % %', f.name, SQLSTATE, SQLERRM;
			END IF;
		END;
	END LOOP;
END $$;
RESET statement_timeout;

-- With odd arguments.
SELECT test.try('SELECT jobs.cancel(-9223372036854775808)');
SELECT test.try('SELECT jobs.cancel(9223372036854775807, repeat(''x'', 1000000))');
SELECT jobs.cancel_jobs(ARRAY[]::bigint[]), jobs.cancel_jobs(ARRAY[NULL, NULL]::bigint[]);
SELECT test.try('SELECT jobs.cancel_jobs(ARRAY[[1, 2], [-3, NULL]]::bigint[])') ~ '^42' AS refused;
SELECT jobs.cancel_jobs(array_fill(NULL::bigint, ARRAY[1000000]));
SELECT test.try('SELECT jobs.resume_jobs((SELECT array_agg(-n::bigint) FROM generate_series(1, 200000) n))');
SELECT test.try('SELECT jobs.submit(NULL)');
SELECT test.try('SELECT jobs.submit('''')');
SELECT test.try('SELECT jobs.submit(''SELECT 1'', description => repeat(''x'', 8193))');
SELECT test.try('SELECT jobs.submit(''SELECT 1'', on_cancel => ''COMMIT AND'')');
SELECT test.try('SELECT jobs.report_progress(0.5, ''outside'')');
SELECT test.try('SELECT jobs.report_progress(''NaN'')');
SELECT test.try('SELECT jobs.wake()');

--
-- Texts that are more than they seem
--
CREATE TABLE attack.texts (name text, value text);
INSERT INTO attack.texts VALUES
	('sql', $$'); DROP TABLE jobs.job; --$$),
	('dollar', '$cj$ $$ $1 %s %1$s %n'),
	('control', E'\x01\x07\x1b[31m\r\n\t\x7f'),
	('json', E'"}, {"a": "\\u0000", \\'),
	('long', repeat('x', 8192)),
	('wide', repeat(U&'\00E9\4E2D\+01F600', 900));
CREATE TEMP TABLE texts_jobs AS
	SELECT name, value, jobs.submit(format('DO %L', format('BEGIN RAISE NOTICE ''%%'', %L; RAISE EXCEPTION ''%%'', %L; END', value, value)),
									description => value,
									on_cancel => format('SELECT %L', value)) AS job
	FROM attack.texts;
CALL test.wait_until('NOT exists (SELECT FROM jobs.jobs j JOIN texts_jobs t ON t.job = j.job_id WHERE status <> ''failed'')');
SELECT name, description = value AS description, error = value AS error,
	   octet_length(error) <= 1024 + length(' -- TRUNCATED') AS short,
	   (SELECT bool_and(starts_with(value, m.message) AND octet_length(m.message) <= 8192) FROM jobs.messages m WHERE m.job_id = job AND kind = 'notice') AS notice
FROM texts_jobs JOIN jobs.jobs ON job_id = job ORDER BY name;
DROP TABLE texts_jobs;

-- Very long ones, very many, and in another encoding.
SELECT jobs.submit($$DO 'BEGIN FOR i IN 1 .. 3000 LOOP RAISE NOTICE ''%'', i; END LOOP; END'$$) AS many,
	   jobs.submit($$DO 'BEGIN RAISE NOTICE ''%'', repeat(''n'', 20000000); RAISE EXCEPTION ''%'', repeat(''e'', 20000000); END'$$) AS huge,
	   jobs.submit($$SET client_encoding = LATIN1; DO 'BEGIN RAISE NOTICE ''n$$ || U&'\00E9' || $$''; RAISE EXCEPTION ''e$$ || U&'\00E9' || $$''; END'$$) AS latin,
	   jobs.submit($$SELECT jobs.report_progress(0.1, repeat(U&'\4E2D', 100000)); SELECT jobs.report_progress('Infinity', E'a\nb\x1b')$$) AS status \gset
CALL test.wait_for(:many, 'succeeded');
CALL test.wait_for(:huge, 'failed');
CALL test.wait_for(:latin, 'failed');
CALL test.wait_for(:status, 'succeeded');
SELECT count(*), max(message) FILTER (WHERE kind = 'warning') AS last FROM jobs.messages WHERE job_id = :many AND kind <> 'state';
SELECT max(octet_length(message)) FROM jobs.messages WHERE job_id = :huge;
SELECT message = 'n' || U&'\00E9' AS intact FROM jobs.messages WHERE job_id = :latin AND kind = 'notice';
SELECT error = 'e' || U&'\00E9' AS intact FROM jobs.jobs WHERE job_id = :latin;

--
-- Whose job it is
--
CREATE FUNCTION attack.whoami() RETURNS void LANGUAGE sql AS $$
	SELECT test.say(session_user || ', ' || current_user)
$$;
CREATE FUNCTION attack.submit_as_alice() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	SET search_path = pg_catalog AS $$ SELECT jobs.submit('SELECT attack.whoami()') $$;
RESET ROLE;
CREATE FUNCTION test.submit_as_admin() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	SET search_path = pg_catalog AS $$ SELECT jobs.submit('SELECT pg_sleep(1000)') $$;
ALTER FUNCTION test.submit_as_admin() OWNER TO regress_jobs_admin;
SET ROLE regress_jobs_admin;
-- of the definer
SELECT attack.submit_as_alice() AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT message FROM test.output(:job);
SET ROLE regress_jobs_alice;
SELECT test.submit_as_admin() AS job \gset
SELECT count(*) FROM jobs.jobs WHERE job_id = :job;
SELECT test.try(format('CANCEL JOB %s', :job));
RESET ROLE;
CANCEL JOB :job;
-- of the role that is set; seen by who has its rights, not by who could set it
CREATE ROLE regress_jobs_noinherit LOGIN NOINHERIT IN ROLE regress_jobs_group;
SET ROLE regress_jobs_bob;
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT test.say(session_user || '', '' || current_user)') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT user_name FROM jobs.jobs WHERE job_id = :job;
SELECT message FROM test.output(:job);
RESET ROLE;
SET SESSION AUTHORIZATION regress_jobs_noinherit;
SELECT count(*) FROM jobs.jobs WHERE job_id = :job;
SELECT test.try(format('CANCEL JOB %s', :job));
SET ROLE regress_jobs_group;
SELECT count(*) FROM jobs.jobs WHERE job_id = :job;
RESET SESSION AUTHORIZATION;
DROP ROLE regress_jobs_noinherit;

--
-- Code of hers that somebody's maintenance runs submits nothing.
--
SET ROLE regress_jobs_alice;
CREATE FUNCTION attack.submits(n integer) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN jobs.submit('ALTER ROLE regress_jobs_alice SUPERUSER');
END $$;
CREATE FUNCTION attack.cancels(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN jobs.cancel(n);
END $$;
CREATE TABLE attack.bait (n integer);
INSERT INTO attack.bait VALUES (1);
CREATE MATERIALIZED VIEW attack.view AS SELECT attack.submits(n) FROM attack.bait WITH NO DATA;
CREATE TABLE attack.bait_job (n) AS SELECT :secret::integer;
CREATE MATERIALIZED VIEW attack.view_of_job AS SELECT attack.cancels(n) FROM attack.bait_job WITH NO DATA;
RESET ROLE;
SELECT test.try('REFRESH MATERIALIZED VIEW attack.view');
SELECT test.try('REFRESH MATERIALIZED VIEW attack.view_of_job');
SELECT test.try('CREATE INDEX ON attack.bait (attack.submits(n))');
SELECT count(*) FROM jobs.jobs WHERE statement ~ '^ALTER ROLE regress_jobs_alice';

--
-- What a job and its clean-up cannot do either
--
SET ROLE regress_jobs_alice;
CREATE FUNCTION attack.everything() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	command text;
BEGIN
	PERFORM test.say(session_user || ', ' || current_user);
	FOREACH command IN ARRAY ARRAY[
		'SET ROLE regress_jobs_admin', 'SET SESSION AUTHORIZATION regress_jobs_admin',
		'ALTER ROLE regress_jobs_alice SUPERUSER', 'SET jobs.revert_max_attempts = 1000',
		'SET session_replication_role = replica', 'SET jobs.debug_pausepoints = ''worker.before_work''',
		'UPDATE jobs.job SET owner = 10', 'INSERT INTO jobs.message (job_id, kind, message) VALUES (1, ''notice'', '''')',
		'SELECT jobs.wake()', 'CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION attack.none()',
		'LISTEN jobs']
	LOOP
		PERFORM test.say(left(test.try(command), 6) || ' ' || command);
	END LOOP;
END $$;
SELECT jobs.submit('RESET SESSION AUTHORIZATION; RESET ROLE; SELECT attack.everything(); SELECT 1/0',
				   on_cancel => 'RESET SESSION AUTHORIZATION; RESET ROLE; SELECT attack.everything()') AS job,
	   jobs.submit('ALTER SYSTEM SET work_mem = ''1MB''') AS alter_system \gset
CALL test.wait_for(:job, 'failed');
CALL test.wait_for(:alter_system, 'failed');
SELECT message, count(*) FROM test.output(:job) GROUP BY message ORDER BY message COLLATE "C";
SELECT sqlstate FROM jobs.jobs WHERE job_id = :alter_system;

-- What it leaves in its session is not there for the next one, in the only worker.
CREATE TABLE attack.worker (pid integer);
RESET ROLE;
ALTER SYSTEM SET jobs.max_running = 1;
SELECT pg_reload_conf();
CALL test.wait_until('(SELECT count(*) <= 1 FROM pg_stat_activity WHERE backend_type = ''cancel_job worker'')');
SET ROLE regress_jobs_alice;
SELECT jobs.submit($$
	INSERT INTO attack.worker SELECT pg_backend_pid();
	CREATE TEMP TABLE attack_temp AS SELECT 1;
	CREATE FUNCTION pg_temp.attack_f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
	PREPARE attack_statement AS SELECT 1;
	DECLARE attack_cursor CURSOR WITH HOLD FOR SELECT 1;
	SELECT pg_advisory_lock(4711);
	SET search_path = attack;
	SET attack.setting = 'left';
	SET client_encoding = LATIN1;
	SET default_transaction_read_only = on;
	SET statement_timeout = 1000000;
	SET application_name = 'cancel_job coordinator'$$) AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT jobs.submit($$
	SELECT test.say(CASE WHEN exists (SELECT FROM attack.worker WHERE pid = pg_backend_pid()) THEN 'the same worker' ELSE 'another worker' END);
	SELECT test.say(count(*) || ' temporary tables') FROM pg_class WHERE relname = 'attack_temp' AND pg_table_is_visible(oid);
	SELECT test.say(test.try('SELECT pg_temp.attack_f()'));
	SELECT test.say((SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'attack%') || ' prepared statements');
	SELECT test.say(count(*) || ' cursors') FROM pg_cursors WHERE name LIKE 'attack%';
	SELECT test.say(count(*) || ' advisory locks') FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
	SELECT test.say(concat_ws(', ', current_setting('search_path'), nullif(current_setting('attack.setting', true), ''),
		current_setting('client_encoding'), current_setting('default_transaction_read_only'),
		current_setting('statement_timeout'), current_setting('application_name') ~ '^cancel_job SQL \d+$'))$$) AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT message FROM test.output(:job);

RESET ROLE;
ALTER SYSTEM RESET jobs.max_running;
SELECT pg_reload_conf();

--
-- An event trigger that refuses everything refuses what a job does, not what is
-- done for it.
--
RESET ROLE;
CREATE FUNCTION test.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'refused: %', tg_tag;
END $$;
CREATE EVENT TRIGGER regress_jobs_refuse ON ddl_command_start EXECUTE FUNCTION test.refuse();
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SELECT 1') AS job, jobs.submit('CREATE TABLE attack.refused ()') AS ddl \gset
CALL test.wait_for(:job, 'succeeded');
CALL test.wait_for(:ddl, 'failed');
SELECT error FROM jobs.jobs WHERE job_id = :ddl;
RESET ROLE;
DROP EVENT TRIGGER regress_jobs_refuse;

--
-- REASSIGN OWNED does not let a text run as somebody who has not asked for it.
--
CREATE ROLE regress_jobs_leaver LOGIN;
SET ROLE regress_jobs_leaver;
SELECT jobs.submit('SELECT pg_sleep(1000)',
				   on_cancel => 'INSERT INTO attack.caught VALUES (current_user, ''reassigned'')') AS job \gset
CALL test.wait_for(:job, 'running');
RESET ROLE;
BEGIN;
CANCEL JOB :job;
REASSIGN OWNED BY regress_jobs_leaver TO regress_jobs_admin;
COMMIT;
CALL test.wait_for(:job, 'paused');
DROP ROLE regress_jobs_leaver;
SELECT user_name, requested_by = current_user AS by_us, request_reason, error FROM jobs.jobs WHERE job_id = :job;
SELECT * FROM attack.caught;
RESUME JOB :job;
CALL test.wait_for(:job, 'canceled');
SELECT * FROM attack.caught;

DROP FUNCTION test.submit_as_admin(), test.refuse();
SET client_min_messages = warning;
DROP SCHEMA attack CASCADE;
RESET client_min_messages;
