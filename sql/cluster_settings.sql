--
-- Cluster settings: SET, RESET and SHOW CLUSTER SETTING, SHOW CLUSTER SETTINGS,
-- and the functions and views behind them.
--
-- What is set here is used by no other test, and set back at the end.
--
\set QUIET off

-- Settings of ours have CockroachDB's names: with all dots, or as the parameter.
SET CLUSTER SETTING jobs.registry.retry.max_delay = '2m';
SHOW CLUSTER SETTING jobs.registry.retry.max_delay;
SHOW CLUSTER SETTING jobs.registry_retry_max_delay;
SHOW CLUSTER SETTING Jobs.Registry.RETRY.max_delay;
SHOW CLUSTER SETTING "jobs"."registry"."retry"."max_delay";
SHOW jobs.registry_retry_max_delay;
SET CLUSTER SETTING jobs.registry_retry_max_delay TO '1m';
SHOW jobs.registry_retry_max_delay;
RESET CLUSTER SETTING jobs.registry.retry.max_delay;
SHOW CLUSTER SETTING jobs.registry.retry.max_delay;

-- Values: durations.
SET CLUSTER SETTING jobs.retention_time = '336h';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = '1000h30m0s';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = '30 days';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = '400:00:00';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = 'P20DT1S';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = '2 months';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = interval '50 days';
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = 7200000;
SHOW jobs.retention_time;
SHOW CLUSTER SETTING jobs.retention_time;
SET CLUSTER SETTING jobs.retention_time = DEFAULT;
SHOW jobs.retention_time;
SET CLUSTER SETTING jobs.registry_retry_max_delay = '1m30.5s';
SELECT value FROM jobs.cluster_settings WHERE variable = 'jobs.registry_retry_max_delay';
SET CLUSTER SETTING jobs.registry_retry_max_delay = '250ms';
SELECT value FROM jobs.cluster_settings WHERE variable = 'jobs.registry_retry_max_delay';
SET CLUSTER SETTING jobs.registry_retry_max_delay = 0;
SELECT value FROM jobs.cluster_settings WHERE variable = 'jobs.registry_retry_max_delay';
SET CLUSTER SETTING jobs.registry_retry_max_delay TO DEFAULT;

-- Values: numbers, words and expressions.
SET CLUSTER SETTING jobs.max_attempts = 6;
SHOW CLUSTER SETTING jobs.max_attempts;
SET CLUSTER SETTING jobs.max_attempts = '7';
SET CLUSTER SETTING jobs.max_attempts = 4 + 4;
SET CLUSTER SETTING jobs.max_attempts TO (length('123456789'));
SHOW CLUSTER SETTING jobs.max_attempts;
RESET CLUSTER SETTING jobs.max_attempts;
SET CLUSTER SETTING jobs.native_syntax = true;
SET CLUSTER SETTING jobs.native_syntax = 'yes';
SET CLUSTER SETTING jobs.native_syntax TO on;
SHOW CLUSTER SETTING jobs.native_syntax;
SET CLUSTER SETTING jobs.native_syntax = 1 = 1;
RESET CLUSTER SETTING jobs.native_syntax;
SET CLUSTER SETTING jobs.debug_pausepoints = nowhere;
SHOW CLUSTER SETTING jobs.debug.pausepoints;
SET CLUSTER SETTING jobs.debug.pausepoints = 'no.where, ''neither''';
SHOW CLUSTER SETTING jobs.debug.pausepoints;
SET CLUSTER SETTING jobs.debug.pausepoints = '';
SHOW CLUSTER SETTING jobs.debug.pausepoints;
RESET CLUSTER SETTING jobs.debug_pausepoints;

-- Case, white space and comments.
set cluster setting jobs.retention_max_rows = 2000000;
Set /* one */ Cluster
	SETTING -- two
	jobs . retention_max_rows
	to 3000000
;
show cluster setting jobs.retention_max_rows;
reset cluster setting jobs.retention_max_rows;

-- The value of the cluster is none of the session's.
SET jobs.max_attempts = 3;
SHOW jobs.max_attempts;
SHOW CLUSTER SETTING jobs.max_attempts;
SET CLUSTER SETTING jobs.max_attempts = 6;
SHOW jobs.max_attempts;
SHOW CLUSTER SETTING jobs.max_attempts;
RESET jobs.max_attempts;
SHOW jobs.max_attempts;
RESET CLUSTER SETTING jobs.max_attempts;

-- All of them.
SELECT variable, setting_type, default_value FROM [SHOW CLUSTER SETTINGS] WHERE variable ~ '^jobs.re';
SET CLUSTER SETTING jobs.retention_max_rows = 2000000;
SELECT * FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'jobs.retention_max_rows';
SELECT * FROM [SHOW PUBLIC CLUSTER SETTINGS] WHERE variable = 'jobs.retention_max_rows';
SELECT * FROM [SHOW ALL CLUSTER SETTINGS] WHERE variable = 'jobs.retention_max_rows';
SELECT * FROM [SHOW CLUSTER SETTING ALL] AS s WHERE s.variable = 'jobs.retention_max_rows';
SELECT * FROM [SHOW CLUSTER SETTING jobs.retention_max_rows];
WITH x AS (SHOW ALL CLUSTER SETTINGS) SELECT variable, value, origin FROM x WHERE variable ~ 'max_rows';
RESET CLUSTER SETTING jobs.retention_max_rows;
SELECT value, origin FROM jobs.show_cluster_settings() WHERE variable = 'jobs.retention_max_rows';
SELECT count(*) > 10 AS many, bool_and(public) AS public FROM jobs.cluster_settings WHERE variable IN (SELECT variable FROM [SHOW CLUSTER SETTINGS]);
SELECT variable FROM [SHOW ALL CLUSTER SETTINGS] EXCEPT SELECT variable FROM [SHOW CLUSTER SETTINGS] ORDER BY 1;
SELECT variable FROM jobs.cluster_settings EXCEPT SELECT name FROM pg_settings;
\o /dev/null
SHOW CLUSTER SETTINGS;
SHOW PUBLIC CLUSTER SETTINGS;
SHOW ALL CLUSTER SETTINGS;
SHOW CLUSTER SETTING ALL;
\o
SHOW CLUSTER SETTINGS \gdesc
SHOW ALL CLUSTER SETTINGS \gdesc
SHOW CLUSTER SETTING jobs.retention_time \gdesc
SHOW CLUSTER SETTING jobs.retention_max_rows \gdesc
SHOW CLUSTER SETTING jobs.native_syntax \gdesc
SHOW CLUSTER SETTING jobs.debug_pausepoints \gdesc

-- The functions.
CALL jobs.set_cluster_setting('jobs.retention.max.rows', '4000000');
SELECT jobs.show_cluster_setting('jobs.retention_max_rows'), current_setting('jobs.retention_max_rows');
CALL jobs.reset_cluster_setting('JOBS.retention_max_rows');
SELECT jobs.show_cluster_setting('jobs.retention_max_rows'), jobs.show_cluster_setting(NULL);
DO 'BEGIN CALL jobs.set_cluster_setting(''jobs.retention_max_rows'', ''5000000''); CALL jobs.reset_cluster_setting(''jobs.retention_max_rows''); END';

-- Names that are none, of parameters of PostgreSQL too, and of what only a
-- session has.
\set VERBOSITY sqlstate
SET CLUSTER SETTING a.b = 1;
\set VERBOSITY terse
SET CLUSTER SETTING a.b = 1;
SET CLUSTER SETTING jobs = 1;
SET CLUSTER SETTING jobs.nothing.of.ours = 1;
SET CLUSTER SETTING work_mem = '1MB';
SET sql.of_this_session = 1;
SET CLUSTER SETTING sql.of_this_session = 1;
RESET sql.of_this_session;
RESET CLUSTER SETTING a.b;
SHOW CLUSTER SETTING a.b;
SHOW CLUSTER SETTING ñ;
SHOW CLUSTER SETTING /* ñ */ "ñ".é -- ü
;
SET CLUSTER SETTING ñ TO é;
SET CLUSTER SETTING 漢=字;
SELECT * FROM [SHOW CLUSTER SETTING a.b];
CALL jobs.set_cluster_setting('a.b', '1');
CALL jobs.reset_cluster_setting('a.b');
SELECT jobs.show_cluster_setting('a.b');

-- Values that PostgreSQL refuses.
SET CLUSTER SETTING jobs.max_attempts = 0;
SET CLUSTER SETTING jobs.max_attempts = 'many';
\set VERBOSITY sqlstate
SET CLUSTER SETTING jobs.retention_time = '-1s';
\set VERBOSITY terse
SET CLUSTER SETTING jobs.retention_time = '1 fortnight';
SET CLUSTER SETTING jobs.retention_time = 'tomorrow';
SET CLUSTER SETTING jobs.retention_time = '1000000 years';
SET CLUSTER SETTING jobs.native_syntax = 'maybe';
SET CLUSTER SETTING jobs.debug_pausepoints = E'a\nb';
SET CLUSTER SETTING jobs.max_attempts = NULL;
CALL jobs.set_cluster_setting(NULL, '1');
SET CLUSTER SETTING jobs.max_attempts = (SELECT 1);
SET CLUSTER SETTING jobs.max_attempts = nothing.of_this;
SET CLUSTER SETTING jobs.max_attempts = f(1);

-- What is no such statement.
\set VERBOSITY default
SET CLUSTER SETTING;
SET CLUSTER SETTING jobs.max_attempts;
SET CLUSTER SETTING jobs.max_attempts =;
SET CLUSTER SETTING jobs.max_attempts 1;
SET CLUSTER SETTING jobs.max_attempts = 1, 2;
SET CLUSTER SETTING jobs.max_attempts = DEFAULT 1;
SET CLUSTER SETTING jobs.max_attempts = on off;
SET CLUSTER SETTING jobs. = 1;
SET CLUSTER SETTING 'jobs.max_attempts' = 1;
SET CLUSTER SETTING jobs.max_attempts FROM CURRENT;
SET CLUSTER SETTING ñ = 漢 /* 字 */ é;
RESET CLUSTER SETTING ñ ñ;
RESET CLUSTER SETTING;
RESET CLUSTER SETTING ALL;
RESET CLUSTER SETTING jobs.max_attempts = 1;
SHOW CLUSTER SETTING;
SHOW CLUSTER SETTING jobs.max_attempts, jobs.max_running;
SHOW CLUSTER SETTINGS jobs.max_attempts;
SHOW PUBLIC CLUSTER SETTING;
SHOW ALL CLUSTER;
SELECT * FROM [SET CLUSTER SETTING jobs.max_attempts = 1];
PREPARE p AS SET CLUSTER SETTING jobs.max_attempts = 1;
SHOW cluster;
SET cluster = 1;
\set VERBOSITY terse

-- Not in a transaction block, function or string of several statements.
BEGIN;
SET CLUSTER SETTING jobs.max_attempts = 6;
ROLLBACK;
BEGIN;
RESET CLUSTER SETTING jobs.max_attempts;
ROLLBACK;
BEGIN;
CALL jobs.set_cluster_setting('jobs.max_attempts', '6');
ROLLBACK;
SELECT 1 \; SET CLUSTER SETTING jobs.max_attempts = 6;
DO 'BEGIN SET CLUSTER SETTING jobs.max_attempts = 6; END';
DO 'BEGIN EXECUTE ''SET CLUSTER SETTING jobs.max_attempts = 6''; END';
CREATE TABLE test.setting (value text);
DO 'BEGIN INSERT INTO test.setting VALUES (1); CALL jobs.set_cluster_setting(''jobs.max_attempts'', ''6''); END';
DROP TABLE test.setting;
SELECT value, origin FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'jobs.max_attempts';
-- Reading is possible everywhere, and so is setting in a session that only reads.
BEGIN READ ONLY;
SHOW CLUSTER SETTING jobs.max_attempts;
COMMIT;
SET default_transaction_read_only = on;
SET CLUSTER SETTING jobs.max_attempts = 6;
RESET CLUSTER SETTING jobs.max_attempts;
RESET default_transaction_read_only;

DO $$
DECLARE
	one text;
	two text;
	three text;
BEGIN
	SELECT value INTO one FROM [SHOW CLUSTER SETTINGS] WHERE variable = 'jobs.max_attempts';
	EXECUTE 'SHOW CLUSTER SETTING jobs.max_attempts' INTO two;
	FOR three IN SELECT * FROM [SHOW CLUSTER SETTING jobs.max.attempts] LOOP
		RAISE NOTICE '% % %', one, two, three;
	END LOOP;
END $$;
CREATE VIEW test.settings AS SELECT * FROM [SHOW CLUSTER SETTINGS];
SELECT value FROM test.settings WHERE variable = 'jobs.max_attempts';
DROP VIEW test.settings;
EXPLAIN (COSTS OFF) SHOW ALL CLUSTER SETTINGS;
PREPARE show_it AS SHOW CLUSTER SETTING jobs.max_attempts;
EXECUTE show_it;
DEALLOCATE show_it;
BEGIN;
SELECT 1/0;
SHOW CLUSTER SETTING jobs.max_attempts;
SHOW CLUSTER SETTINGS;
SET CLUSTER SETTING jobs.max_attempts = 6;
ROLLBACK;

-- Who may: a superuser, and who has been granted ALTER SYSTEM on the parameter.
SET ROLE regress_jobs_alice;
SET CLUSTER SETTING jobs.max_attempts = 6;
RESET CLUSTER SETTING jobs.max_attempts;
CALL jobs.set_cluster_setting('jobs.max_attempts', '6');
SHOW CLUSTER SETTING jobs.max_attempts;
RESET ROLE;
GRANT ALTER SYSTEM ON PARAMETER jobs.max_attempts TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
SET CLUSTER SETTING jobs.max_attempts = 6;
SHOW CLUSTER SETTING jobs.max_attempts;
SET CLUSTER SETTING jobs.max_running = 6;
RESET CLUSTER SETTING jobs.max_attempts;
RESET ROLE;
REVOKE ALL ON PARAMETER jobs.max_attempts FROM regress_jobs_alice;

-- One that needs a restart.
SET CLUSTER SETTING jobs.debug_selftest = '';
RESET CLUSTER SETTING jobs.debug_selftest;

-- Without native syntax.
SET jobs.native_syntax = off;
\set VERBOSITY default
SET CLUSTER SETTING jobs.max_attempts = 6;
RESET CLUSTER SETTING jobs.max_attempts;
SHOW CLUSTER SETTING jobs.max_attempts;
SHOW CLUSTER SETTINGS;
CALL jobs.set_cluster_setting('jobs.max_attempts', '6');
CALL jobs.reset_cluster_setting('jobs.max_attempts');
RESET jobs.native_syntax;

-- Nothing is left.
SELECT variable FROM jobs.cluster_settings WHERE origin = 'override';
