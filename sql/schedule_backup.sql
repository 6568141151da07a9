-- Schedules of backups and changefeeds: their statements, their rules, and that
-- nobody sees a secret.  There are no such jobs as yet, which is told.

SET timezone = 'UTC';
SET client_min_messages = error;
CREATE VIEW test.schedules AS
	SELECT CASE WHEN command ? 'backup_type' THEN 'incremental' ELSE 'full' END AS kind, regexp_replace(label, '\d{9,}', 'N') AS label, schedule_status AS status, CASE WHEN next_run > '2098-12-31' THEN next_run END AS next_run, state, recurrence, on_previous_running AS previous, on_execution_failure AS failure
	FROM jobs.schedules ORDER BY label, schedule_id DESC;
-- The rows that a statement returns, without ids; a first run that is not far off is now.
CREATE FUNCTION test.rows_of(statement text)
RETURNS TABLE (label text, status text, first_run text, schedule text, stmt text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'WITH made AS (' || statement || ') SELECT regexp_replace(m.label, ''\d{9,}'', ''N''), m.status, CASE WHEN m.first_run BETWEEN now() - interval ''1 minute'' AND now() + interval ''1 minute'' THEN ''now'' ELSE m.first_run::text END, m.schedule, m.stmt FROM made AS m(id, label, status, first_run, schedule, stmt)';
END $$;

-- Full and incremental backups.
SELECT * FROM test.rows_of($$CREATE SCHEDULE minutes FOR BACKUP INTO 'nodelocal://1/a' RECURRING '*/10 * * * *'$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE 'days' FOR BACKUP DATABASE a, "B c" INTO 'nodelocal://1/b' RECURRING '@daily' WITH SCHEDULE OPTIONS first_run = '2099-01-01 00:00+00'$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE weeks FOR BACKUP TABLE a.*, "B".c INTO 'nodelocal://1/c' RECURRING '@weekly'$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE always FOR BACKUP t INTO ('nodelocal://1/d', 'nodelocal://2/d') WITH revision_history RECURRING '@hourly' FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS (first_run = '2099-01-01 00:00+00', on_previous_running = 'start', ignore_existing_backups)$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE pair FOR BACKUP INTO 'nodelocal://1/e' WITH OPTIONS (detached = false, kms = ('gs:///a?AUTH=implicit', 'b'), encryption_passphrase = 'clear', execution locality = 'region=a') RECURRING '0 * * * *' FULL BACKUP '0 0 * * SUN'
	WITH SCHEDULE OPTIONS first_run = '2099-01-01 00:00+00', on_execution_failure = 'pause', on_previous_running = 'skip', timezone = 'Europe/Berlin', updates_cluster_last_backup_time_metric$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE FOR BACKUP INTO 's3://b/x?AWS_ACCESS_KEY_ID=k&AWS_SECRET_ACCESS_KEY=clear' RECURRING '@yearly' FULL BACKUP ALWAYS WITH SCHEDULE OPTIONS first_run = '2099-01-01 00:00+00'$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE IF NOT EXISTS pair FOR BACKUP INTO 'x' RECURRING '@daily'$$);
SET client_min_messages = notice;
CREATE SCHEDULE IF NOT EXISTS pair FOR BACKUP INTO 'x' RECURRING '@daily';
SELECT label FROM jobs.create_backup_schedule('told', ARRAY['x'], '@at 2099-01-01', full_backup => 'always');
SET client_min_messages = error;
BEGIN;
PREPARE make AS CREATE SCHEDULE $1 FOR BACKUP INTO $2 WITH kms = $3 RECURRING $4 FULL BACKUP $5 WITH SCHEDULE OPTIONS first_run = $6;
\o /dev/null
EXECUTE make('prepared', 'nodelocal://1/p', 'k', '@hourly', '@monthly', '2099-01-01 00:00+00');
\o
SELECT * FROM test.schedules WHERE label = 'prepared';
ROLLBACK;
SELECT label, schedule, stmt FROM jobs.create_backup_schedule('function', ARRAY['nodelocal://1/f'], '@daily', tables => ARRAY['a', 'b'], full_backup => 'ALWAYS', options => '{"revision_history": true}', first_run => '2099-01-01 00:00+00') AS f(id, label, status, first_run, schedule, stmt);
-- What is due is seen to by now, and is an error, which is told.
CALL test.wait_until('(SELECT count(DISTINCT label) = 2 FROM jobs.schedule_runs WHERE label IN (''minutes'', ''weeks''))');
CALL test.wait_until('(SELECT schedules_started = 0 AND schedules_failed >= 2 FROM jobs.metrics WHERE job_type = ''BACKUP'')');
SELECT * FROM test.schedules;
SELECT regexp_replace(label, '\d{9,}', 'N') AS label, command - 'unpause_on_success' - 'dependent_schedule_id' AS command FROM jobs.schedules ORDER BY schedule_id;
SELECT create_statement FROM [SHOW CREATE ALL SCHEDULES] WHERE schedule_id IN (SELECT schedule_id FROM jobs.schedules WHERE label IN ('pair', 'always'));
SELECT count(*) AS full_and_incremental FROM jobs.schedules f JOIN jobs.schedules i ON i.schedule_id = (f.command ->> 'unpause_on_success')::bigint AND f.schedule_id = (i.command ->> 'dependent_schedule_id')::bigint AND f.label = i.label;
SELECT count(*) FROM [SHOW SCHEDULES FOR BACKUP];
SELECT count(*) FROM [SHOW PAUSED SCHEDULES FOR BACKUP];

-- What is wrong.
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily' FULL BACKUP '@hourly';
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily' FULL BACKUP '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING 'sometimes';
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily' FULL BACKUP 'sometimes';
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily' FULL BACKUP;
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING NEVER;
CREATE SCHEDULE a FOR BACKUP INTO 'x' FULL BACKUP ALWAYS RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' FULL BACKUP ALWAYS;
CREATE SCHEDULE a FOR BACKUP TO 'x' RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO LATEST IN 'x' RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO x RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO ('x', y) RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP a b, INTO 'x' RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' WITH colour RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' WITH RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' WITH (revision_history) RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' WITH OPTIONS (revision_history RECURRING '@daily');
CREATE SCHEDULE a FOR BACKUP INTO 'x' WITH kms = 1 RECURRING '@daily';
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily' WITH SCHEDULE OPTIONS timezone;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' FULL BACKUP ALWAYS;
CREATE SCHEDULE a FOR SQL 'SELECT 1' RECURRING '@daily' WITH SCHEDULE OPTIONS ignore_existing_backups;
CREATE SCHEDULE IF NOT EXISTS FOR BACKUP INTO 'x' RECURRING '@daily';
SELECT jobs.create_backup_schedule('a', NULL, '@daily');
SELECT jobs.create_backup_schedule('a', ARRAY['x', NULL], '@daily');
SELECT jobs.create_backup_schedule('a', ARRAY['x'], '@daily', options => '{"colour": "red"}');
SELECT jobs.create_backup_schedule('a', ARRAY['x'], '@daily', options => '[]');
SELECT jobs.create_backup_schedule('a', ARRAY['x'], NULL);
SET ROLE regress_jobs_alice;
CREATE SCHEDULE a FOR BACKUP INTO 'x' RECURRING '@daily' WITH SCHEDULE OPTIONS updates_cluster_last_backup_time_metric;
RESET ROLE;

-- ALTER BACKUP SCHEDULE, by the id of either; what is not named stays.
SELECT schedule_id AS full FROM jobs.schedules WHERE label = 'pair' AND NOT command ? 'backup_type' \gset
SELECT schedule_id AS incremental FROM jobs.schedules WHERE label = 'pair' AND command ? 'backup_type' \gset
SELECT schedule_id AS single FROM jobs.schedules WHERE label = 'always' \gset
SELECT * FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :incremental || $$ SET LABEL 'changed', SET INTO 'nodelocal://1/z', SET WITH revision_history = false, SET WITH detached, SET SCHEDULE OPTION on_previous_running = 'start', SET SCHEDULE OPTION on_execution_failure = 'retry'$$);
SELECT * FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :full || $$ SET RECURRING '*/20 * * * *', SET FULL BACKUP '@yearly', SET SCHEDULE OPTION updates_cluster_last_backup_time_metric = false$$) WHERE status <> 'ACTIVE';
SELECT kind, recurrence, previous, failure FROM test.schedules WHERE label = 'changed';
SELECT command ? 'updates_last_backup_metric' AS metric FROM jobs.schedules WHERE label = 'changed';
-- A paused schedule stays paused, and does not run.
PAUSE SCHEDULE :full;
SELECT label, status, first_run, schedule FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :full || $$ SET FULL BACKUP '@monthly'$$);
SELECT test.try('ALTER BACKUP SCHEDULE ' || :full || ' EXECUTE FULL IMMEDIATELY');
SELECT test.try('ALTER BACKUP SCHEDULE ' || :full || ' EXECUTE IMMEDIATELY');
SELECT test.try('ALTER BACKUP SCHEDULE ' || :full || $$ SET RECURRING '@yearly'$$);
RESUME SCHEDULE :full;
BEGIN;
SELECT status, first_run, schedule FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :full || ' EXECUTE FULL IMMEDIATELY');
ROLLBACK;
-- ALWAYS: the incremental one goes, and its times become those of the full one.
SELECT label, schedule, stmt FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :incremental || ' SET FULL BACKUP ALWAYS');
SELECT count(*) FROM [SHOW SCHEDULE :incremental];
SELECT command ?| ARRAY['unpause_on_success', 'dependent_schedule_id'] AS coupled FROM jobs.schedules WHERE schedule_id = :full;
-- A recurrence makes a paused one again.
SELECT label, status, schedule FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :single || $$ SET FULL BACKUP '@weekly'$$);
SELECT schedule_id AS incremental FROM jobs.schedules WHERE label = 'always' AND command ? 'backup_type' \gset
SELECT previous FROM test.schedules WHERE label = 'always';
ALTER BACKUP SCHEDULE 1;
ALTER BACKUP SCHEDULE 1 SET;
ALTER BACKUP SCHEDULE 1 SET LABEL;
ALTER BACKUP SCHEDULE 1 SET LABEL a SET LABEL b;
ALTER BACKUP SCHEDULE 1 SET LABEL a, SET LABEL b;
ALTER BACKUP SCHEDULE 1 SET LABEL a,;
ALTER BACKUP SCHEDULE 1 SET WITH colour = 'red';
ALTER BACKUP SCHEDULE 1 SET WITH (kms = 'a');
ALTER BACKUP SCHEDULE 1 SET SCHEDULE OPTION first_run = '2099-01-01';
ALTER BACKUP SCHEDULE :single SET SCHEDULE OPTION on_execution_failure = 'never';
ALTER BACKUP SCHEDULE :single SET SCHEDULE OPTION max_running = 0;
ALTER BACKUP SCHEDULE :single SET RECURRING 'sometimes';
ALTER BACKUP SCHEDULE 1 EXECUTE;
ALTER BACKUP SCHEDULE '1' SET LABEL a;
ALTER BACKUP SCHEDULE $1 SET LABEL a;
ALTER BACKUP SCHEDULE 1.5 SET LABEL a;
ALTER BACKUP SCHEDULE 1, 2 SET LABEL a;
ALTER BACKUP SCHEDULE;
ALTER BACKUP SCHEDULE 0 SET LABEL a;
ALTER SCHEDULE 1 SET LABEL a;
SELECT jobs.alter_backup_schedule(:single, execute => 'now');
SELECT jobs.alter_backup_schedule(:single, destination => '{}');
SELECT test.try('EXECUTE SCHEDULE ' || :single);
SELECT schedule_id AS sql FROM jobs.create_schedule('sql', 'SELECT 1', '@yearly') \gset
SELECT test.try('ALTER BACKUP SCHEDULE ' || :sql || ' SET LABEL a');
SET ROLE regress_jobs_alice;
SELECT test.try('ALTER BACKUP SCHEDULE ' || :single || ' SET LABEL a');
SELECT schedule_id AS hers FROM jobs.create_backup_schedule('hers', ARRAY['x'], '@yearly', full_backup => 'always') \gset
-- REPAIRCLUSTER is enough, but for a superuser's.
RESET ROLE;
GRANT SYSTEM REPAIRCLUSTER TO regress_jobs_bob;
SET ROLE regress_jobs_bob;
SELECT label, status, schedule FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :hers || $$ SET LABEL 'hers by bob', SET FULL BACKUP '@yearly', SET RECURRING '@daily'$$);
SELECT owner FROM [SHOW SCHEDULES] WHERE label = 'hers by bob';
ALTER BACKUP SCHEDULE :single SET LABEL a;
DROP SCHEDULE :hers;
RESET ROLE;
REVOKE SYSTEM REPAIRCLUSTER FROM regress_jobs_bob;

-- A changefeed at times.
SELECT * FROM test.rows_of($$CREATE SCHEDULE feed FOR CHANGEFEED TABLE a, b FAMILY f INTO 'kafka://h?sasl_password=clear' WITH resolved = '10s', updated, format = json_ RECURRING '@yearly' WITH SCHEDULE OPTIONS first_run = '2099-01-01 00:00+00'$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE feed FOR CHANGEFEED TABLE a, b FAMILY f INTO 'kafka://h?sasl_password=clear' WITH resolved = '10s', updated, webhook_auth_header = 'clear' RECURRING '@yearly' WITH SCHEDULE OPTIONS first_run = '2099-01-01 00:00+00'$$);
SELECT * FROM test.rows_of($$CREATE SCHEDULE query FOR CHANGEFEED INTO 'null://' WITH OPTIONS (updated) AS SELECT a, (SELECT 1) FROM t WHERE b RECURRING '@yearly' WITH SCHEDULE OPTIONS first_run = '2099-01-01 00:00+00'$$);
SELECT label, command FROM [SHOW SCHEDULES FOR CHANGEFEED];
SELECT create_statement FROM jobs.schedules WHERE executor_type = 'CHANGEFEED' ORDER BY schedule_id;
CREATE SCHEDULE a FOR CHANGEFEED INTO 'x' RECURRING '@daily';
CREATE SCHEDULE a FOR CHANGEFEED t INTO 'x' AS SELECT 1 RECURRING '@daily';
CREATE SCHEDULE a FOR CHANGEFEED DATABASE d INTO 'x' RECURRING '@daily';
CREATE SCHEDULE a FOR CHANGEFEED t RECURRING '@daily';
CREATE SCHEDULE a FOR CHANGEFEED t INTO 'x' AS RECURRING '@daily';
CREATE SCHEDULE a FOR CHANGEFEED t INTO ('x', 'y') RECURRING '@daily';
SELECT jobs.create_changefeed_schedule('a', NULL, '@daily', tables => ARRAY['t']);
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily');
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily', tables => ARRAY['t'], query => 'SELECT 1');

-- Nothing is stored that SHOW CREATE SCHEDULE would put into a statement as something else.
CREATE FUNCTION test.try_targets(tables text[], databases text[] DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	stmt text;
BEGIN
	SELECT backup_stmt INTO stmt FROM jobs.create_backup_schedule('tried', ARRAY['x'], '@yearly', tables, databases, options => options, first_run => '2099-01-01 00:00+00');
	DELETE FROM jobs.schedule WHERE label = 'tried';
	RETURN stmt;
EXCEPTION WHEN others THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT t.tables, test.try_targets(ARRAY[t.tables]) FROM (VALUES
	('A . b'), ('"A"."b c".*'), ('*'), (' a.* '), ('d.s.t'), ('a;drop'), ('"a""; DROP TABLE t; --"'), ('"a family b"'), ('a FAMILY "F"'), ('a" family "b'),
	(''), (' '), ('.'), ('a.'), ('.a'), ('a b'), ('a*'), ('a.b.c.d'), ('a.b.c.*'), ('"a'), ('a FAMILY b.c'), ('a FAMILY '), (NULL)) t(tables);
SELECT d.databases, test.try_targets(NULL, ARRAY[d.databases]) FROM (VALUES ('A'), ('"A b"'), ('a.b'), ('*'), ('a INTO b'), (NULL)) d(databases);
SELECT o.options, test.try_targets(ARRAY['t'], NULL, o.options::jsonb) FROM (VALUES
	('{"kms": "a"}'), ('{"kms": ["a", "b"]}'), ('{"detached": false}'), ('{"kms": {"secret": "clear"}}'), ('{"kms": ["a", ["b"]]}'), ('{"kms": ["a", 1]}'), ('{"kms": [{"a": "b"}]}')) o(options);
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily', query => q) FROM (VALUES ('SELECT 1; DROP TABLE t')) q(q);
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily', query => 'SELECT 1;');
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily', query => 'DELETE FROM t RETURNING *');
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily', query => '');
SELECT jobs.create_changefeed_schedule('a', 'x', '@daily', query => 'SELECT 1 FORM t t t');
CREATE SCHEDULE a FOR CHANGEFEED INTO 'x' AS SELECT 1 FORM t t t RECURRING '@daily';
BEGIN;
SELECT label FROM jobs.create_changefeed_schedule('comment', 'x', '@yearly', query => 'SELECT 1 -- one', first_run => '2099-01-01 00:00+00');
SELECT create_statement FROM jobs.schedules WHERE label = 'comment';
ROLLBACK;
SELECT stmt FROM test.rows_of('ALTER BACKUP SCHEDULE ' || :single || $$ SET WITH kms = ('a', 'b')$$);
SELECT jobs.alter_backup_schedule(:single, options => '{"kms": {"secret": "clear"}}');

-- Nobody sees a secret; the jobs will need it.
SELECT count(*) AS shown FROM jobs.schedules s WHERE s::text LIKE '%clear%';
SELECT count(*) > 0 AS kept FROM jobs.schedule s WHERE s::text LIKE '%clear%';

SELECT DISTINCT label, job_id, outcome, detail FROM jobs.schedule_runs WHERE label IN ('minutes', 'weeks') ORDER BY label;

-- As CockroachDB's system.scheduled_jobs.
SELECT schedule_name, owner = current_user AS mine, next_run, schedule_state, schedule_expr, schedule_details, executor_type, execution_args
FROM jobs.system_scheduled_jobs WHERE schedule_name IN ('told', 'feed') ORDER BY schedule_name COLLATE "C";

-- DROP of full backups takes the incremental ones along, not the other way round.
SELECT count(*) FROM [SHOW SCHEDULES] WHERE label IN ('days', 'always');
DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES] WHERE label = 'always' AND id = :incremental;
SELECT command ?| ARRAY['unpause_on_success', 'dependent_schedule_id'] AS coupled FROM jobs.schedules WHERE schedule_id = :single;
SELECT test.try('SELECT jobs.drop_schedules(array_agg(schedule_id)) FROM jobs.schedules WHERE label = ''days'' AND NOT command ? ''backup_type''');
SELECT label FROM jobs.schedules WHERE label IN ('days', 'always');
SELECT test.try('SELECT jobs.drop_schedules(array_agg(schedule_id ORDER BY schedule_id DESC)) FROM jobs.schedules') <> '' AS dropped;
SELECT count(*) FROM jobs.schedules;
DROP FUNCTION test.rows_of(text);
DROP FUNCTION test.try_targets(text[], text[], jsonb);
DROP VIEW test.schedules;
