-- Statistics on request: CREATE STATISTICS in CockroachDB's meaning, the functions,
-- and the options of tables.

CREATE TABLE stats_t (a integer, b integer, "C d" text);
INSERT INTO stats_t SELECT i, i % 10, 'x' FROM generate_series(1, 100) i;
ALTER TABLE stats_t SET (autovacuum_enabled = false);

-- Which columns have statistics, which are then forgotten; what the last job was.
CREATE FUNCTION test.take_statistics() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	columns text;
BEGIN
	SELECT string_agg(attname, ',' ORDER BY attname) INTO columns FROM pg_stats WHERE tablename = 'stats_t';
	DELETE FROM pg_statistic WHERE starelid = 'stats_t'::regclass;
	RETURN columns;
END $$;
CREATE FUNCTION test.last_job(OUT job_type text, OUT status text, OUT description text, OUT result_tag text)
LANGUAGE sql AS $$
	SELECT job_type, status, description, result_tag FROM jobs.jobs ORDER BY job_id DESC LIMIT 1
$$;

-- No list of columns: all.
CREATE STATISTICS s FROM stats_t;
SELECT * FROM test.last_job();
SELECT test.take_statistics();
-- One column, which PostgreSQL refuses.
CREATE STATISTICS s ON a FROM stats_t;
SELECT * FROM test.last_job();
SELECT test.take_statistics();
/* comment */ create statistics "S S" on "C d" from public."stats_t";
SELECT * FROM test.last_job();
SELECT test.take_statistics();
CREATE STATISTICS public.s FROM public.stats_t WITH OPTIONS THROTTLING 0.1;
SELECT * FROM test.last_job();
SELECT test.take_statistics();
CREATE STATISTICS s ON a, b FROM stats_t WITH OPTIONS THROTTLING 0;
SELECT * FROM test.last_job();
SELECT test.take_statistics();

-- What CockroachDB has and ANALYZE has not.
CREATE STATISTICS s FROM stats_t AS OF SYSTEM TIME '-30s';
CREATE STATISTICS s ON a FROM stats_t WITH OPTIONS AS OF SYSTEM TIME '-30s';
CREATE STATISTICS s ON a FROM stats_t USING EXTREMES;
CREATE STATISTICS s ON a FROM stats_t WHERE a > 10;
CREATE STATISTICS s FROM stats_t WITH OPTIONS THROTTLING 1;
CREATE STATISTICS s FROM stats_t WITH OPTIONS THROTTLING 'x';
CREATE STATISTICS s ON (a + 1) FROM stats_t WITH OPTIONS THROTTLING 0.1;

-- Errors.
CREATE STATISTICS FROM stats_t;
CREATE STATISTICS s FROM;
CREATE STATISTICS s FROM stats_t, stats_t;
CREATE STATISTICS s FROM no_table;
CREATE STATISTICS s ON no_column FROM stats_t;
CREATE STATISTICS s FROM jobs.jobs;
CREATE TEMPORARY TABLE stats_temp (a integer);
CREATE STATISTICS s FROM stats_temp;
BEGIN;
CREATE STATISTICS s FROM stats_t;
ROLLBACK;
DO 'BEGIN CREATE STATISTICS s ON a FROM stats_t; END';
SET jobs.native_syntax = off;
SELECT left(test.try('CREATE STATISTICS s ON a FROM stats_t'), 5);
CREATE STATISTICS s FROM stats_t;
RESET jobs.native_syntax;
SET ROLE regress_jobs_alice;
CREATE STATISTICS s FROM stats_t;
RESET ROLE;

-- PostgreSQL's own meaning.
CREATE STATISTICS stats_own ON a, b FROM stats_t;
CREATE STATISTICS IF NOT EXISTS stats_own ON a, b FROM stats_t;
SELECT left(test.try('CREATE STATISTICS stats_kinds (mcv) ON a FROM stats_t'), 5);
SELECT left(test.try('CREATE STATISTICS IF NOT EXISTS stats_one ON a FROM stats_t'), 5);
SELECT stxname FROM pg_statistic_ext WHERE stxrelid = 'stats_t'::regclass;
SELECT test.take_statistics();
SET jobs.analyze_after_create_statistics = on;
CREATE STATISTICS IF NOT EXISTS stats_own ON a, b FROM stats_t;
SELECT * FROM test.last_job();
BEGIN;
CREATE STATISTICS stats_filled ON a, b FROM stats_t;
COMMIT;
CALL test.wait_until('NOT EXISTS (SELECT FROM jobs.queue)');
SELECT * FROM test.last_job();
SELECT statistics_name FROM pg_stats_ext WHERE tablename = 'stats_t' ORDER BY 1;
SELECT test.take_statistics();
CREATE STATISTICS stats_expression ON (a % 3) FROM stats_t;
CALL test.wait_until('NOT EXISTS (SELECT FROM jobs.queue)');
SELECT * FROM test.last_job();
SELECT test.take_statistics();
RESET jobs.analyze_after_create_statistics;

-- The functions.
SELECT jobs.create_statistics('stats_t') AS job \gset
CALL jobs.wait_for(:job);
SELECT * FROM test.last_job();
SELECT jobs.analyze('stats_t', '{a,"C d"}') AS job \gset
CALL jobs.wait_for(:job);
SELECT * FROM test.last_job();
CALL jobs.collect_statistics('stats_t', '{b}', 'Name');
SELECT * FROM test.last_job();
SELECT jobs.create_statistics(NULL);
SELECT jobs.create_statistics('stats_t', '{}');
SELECT jobs.create_statistics('stats_t', '{a,NULL}');
SELECT jobs.analyze('stats_t', '{a,b,a}');
SELECT jobs.analyze(0);
BEGIN;
CALL jobs.collect_statistics('stats_t');
ROLLBACK;
SELECT table_name, automatic, status, table_rows FROM jobs.statistics_history ORDER BY job_id DESC LIMIT 2;
SET ROLE regress_jobs_alice;
SELECT count(*) FROM jobs.statistics_history;
SELECT count(*) FROM jobs.autovacuum_jobs();
SELECT jobs.set_table_option('stats_t', 'sql_stats_automatic_collection_enabled', 'off');
RESET ROLE;

-- Options of tables.
SELECT jobs.set_table_option('stats_t', 'sql_stats_automatic_collection_min_stale_rows', '1e3');
ALTER TABLE stats_t SET (sql_stats_automatic_collection_enabled = off, fillfactor = 50);
ALTER TABLE stats_t SET (sql_stats_automatic_collection_fraction_stale_rows = 0.05);
ALTER TABLE stats_t SET (sql_stats_automatic_collection_fraction_stale_rows = 1e9);
SELECT * FROM jobs.table_option ORDER BY name;
SELECT reloptions FROM pg_class WHERE relname = 'stats_t';
BEGIN;
ALTER TABLE stats_t RESET (sql_stats_automatic_collection_enabled, fillfactor);
ROLLBACK;
ALTER TABLE stats_t RESET (sql_stats_automatic_collection_min_stale_rows), ADD e integer,
	SET (sql_stats_automatic_collection_enabled);
SELECT * FROM jobs.table_option ORDER BY name;
CREATE TABLE stats_u (a integer) WITH (sql_stats_automatic_collection_enabled = false);
CREATE TABLE IF NOT EXISTS stats_u (a integer) WITH (sql_stats_automatic_collection_enabled = true);
SELECT * FROM jobs.table_option WHERE relation = 'stats_u'::regclass;
-- The table that has been made, whatever else the name means.
CREATE TEMPORARY TABLE stats_v (a integer);
CREATE TABLE stats_v (a integer) WITH (sql_stats_automatic_collection_enabled = false);
CREATE TABLE IF NOT EXISTS pg_class (a integer) WITH (sql_stats_automatic_collection_min_stale_rows = 1);
CREATE TEMPORARY TABLE stats_u (a integer) WITH (sql_stats_automatic_collection_min_stale_rows = 2, fillfactor = 50);
CREATE TABLE IF NOT EXISTS test.stats_v (a integer) WITH (sql_stats_automatic_collection_min_stale_rows = 3);
CREATE TABLE IF NOT EXISTS pg_temp.stats_v (a integer) WITH (sql_stats_automatic_collection_min_stale_rows = 4);
CREATE TABLE pg_temp.stats_w (a integer) WITH (sql_stats_automatic_collection_min_stale_rows = 5);
CREATE SCHEMA stats_s CREATE TABLE stats_v (a integer) WITH (sql_stats_automatic_collection_min_stale_rows = 6);
SELECT CASE relpersistence WHEN 't' THEN 'pg_temp' ELSE relnamespace::regnamespace::text END AS schema, relname, value
FROM pg_class JOIN jobs.table_option ON relation = oid WHERE value IN ('1', '2', '3', '4', '5', '6') OR relname = 'stats_v'
ORDER BY value;
DROP TABLE pg_temp.stats_u, pg_temp.stats_v, pg_temp.stats_w, public.pg_class, public.stats_v, test.stats_v, stats_s.stats_v;
DROP SCHEMA stats_s;
CREATE TABLE no_schema.stats_v (a integer) WITH (sql_stats_automatic_collection_enabled = false);
BEGIN TRANSACTION READ ONLY;
CREATE TEMPORARY TABLE stats_v (a integer) WITH (sql_stats_automatic_collection_enabled = false);
ROLLBACK;
ALTER TABLE stats_t SET (sql_stats_automatic_collection_enabled = maybe);
ALTER TABLE stats_t SET (sql_stats_automatic_collection_min_stale_rows = -1);
ALTER TABLE stats_t SET (sql_stats_automatic_collection_min_stale_rows = 1.5);
ALTER TABLE stats_t SET (sql_stats_automatic_collection_fraction_stale_rows = 1000000000);
ALTER TABLE stats_t SET (sql_stats_forecasts_enabled = false);
SELECT jobs.set_table_option('stats_u', 'sql_stats_automatic_collection_fraction_stale_rows', '999999999');
SELECT jobs.set_table_option('stats_u', 'sql_stats_automatic_collection_min_stale_rows', '-0');
SELECT name, value FROM jobs.table_option WHERE relation = 'stats_u'::regclass ORDER BY name;
ALTER TABLE IF EXISTS no_table SET (sql_stats_automatic_collection_enabled = false);
ALTER TABLE IF EXISTS no_table SET (sql_stats_automatic_collection_enabled = false, fillfactor = 50);
ALTER TABLE no_table SET (sql_stats_automatic_collection_enabled = false);
-- To PostgreSQL and others it is an ALTER TABLE.
CREATE VIEW stats_view AS SELECT 1 AS a;
CREATE TYPE stats_type AS (a integer);
CREATE TABLE stats_p (a integer) PARTITION BY LIST (a);
CREATE MATERIALIZED VIEW stats_m AS SELECT 1 AS a;
ALTER TABLE pg_class SET (sql_stats_automatic_collection_enabled = false);
ALTER TABLE stats_view SET (sql_stats_automatic_collection_enabled = false);
ALTER TABLE stats_type SET (sql_stats_automatic_collection_enabled = false);
ALTER VIEW stats_t SET (sql_stats_automatic_collection_enabled = false);
DO $$
DECLARE
	i integer;
BEGIN
	FOR i IN SELECT a FROM stats_u UNION ALL SELECT 1 LOOP
		ALTER TABLE stats_u SET (sql_stats_automatic_collection_enabled = true);
	END LOOP;
END $$;
SET ROLE regress_jobs_alice;
ALTER TABLE stats_t RESET (sql_stats_automatic_collection_enabled);
RESET ROLE;
CREATE FUNCTION test.tell() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '%: %', tg_event, tg_tag;
END $$;
CREATE EVENT TRIGGER regress_jobs_start ON ddl_command_start EXECUTE FUNCTION test.tell();
CREATE EVENT TRIGGER regress_jobs_end ON ddl_command_end EXECUTE FUNCTION test.tell();
ALTER TABLE stats_p SET (sql_stats_automatic_collection_min_stale_rows = 7), RESET (sql_stats_automatic_collection_enabled);
ALTER MATERIALIZED VIEW stats_m SET (sql_stats_automatic_collection_min_stale_rows = 8);
DROP EVENT TRIGGER regress_jobs_start;
DROP EVENT TRIGGER regress_jobs_end;
SELECT * FROM jobs.table_option WHERE value IN ('7', '8') ORDER BY value;
DROP FUNCTION test.tell;
DROP VIEW stats_view;
DROP TYPE stats_type;
DROP TABLE stats_p;
DROP MATERIALIZED VIEW stats_m;
SET jobs.native_syntax = off;
ALTER TABLE stats_t SET (sql_stats_automatic_collection_enabled = false);
RESET jobs.native_syntax;
SELECT jobs.set_table_option('jobs.jobs', 'sql_stats_automatic_collection_enabled', 'false');
SELECT jobs.set_table_option('stats_t', NULL, 'false');
-- Nothing else can get in there, whoever writes.
INSERT INTO jobs.table_option VALUES ('stats_t', 'sql_stats_automatic_collection_min_stale_rows', 'many');

-- Autovacuum's jobs that are none.
CANCEL JOB 9223372036854775807;
PAUSE JOBS VALUES (4611686018427387904);
DROP TABLE stats_t, stats_u;
