-- Submitting jobs.

-- Bad input fails at once, in front of the user, at the right place.
SELECT test.try('SELECT jobs.submit(NULL)');
SELECT test.try('SELECT jobs.submit('''')');
SELECT test.try('SELECT jobs.submit('' /* nothing */ ; -- at all'')');
SELECT test.try('SELECT jobs.submit(''SELECT 1'', on_cancel => '''')');
\set SHOW_CONTEXT always
SELECT jobs.submit('SELECT 1; SELEC 2');
SELECT jobs.submit('SELECT 1', on_cancel => 'DROP TABEL t');
SELECT jobs.submit('SELECT 1; COPY pg_class FROM STDIN');
SELECT jobs.submit('SELECT ''ä''; COPY pg_class TO STDOUT');
SELECT jobs.report_progress(0.5);
\set SHOW_CONTEXT errors
SELECT count(*) FROM jobs.jobs WHERE statement <> 'SELECT 1';

-- A job belongs to the transaction that submits it.
BEGIN;
SELECT jobs.submit('SELECT 2') AS job \gset
SELECT status, started, coordinator_id FROM jobs.jobs WHERE job_id = :job;
ROLLBACK;
SELECT count(*) FROM jobs.jobs WHERE job_id = :job;
BEGIN;
SAVEPOINT a;
SELECT jobs.submit('SELECT 3') AS gone \gset
ROLLBACK TO a;
SELECT jobs.submit('SELECT 4') AS job \gset
RELEASE a;
COMMIT;
CALL test.wait_for(:job, 'succeeded');
SELECT count(*) FROM jobs.jobs WHERE job_id = :gone;
BEGIN READ ONLY;
SELECT jobs.submit('SELECT 5');
ROLLBACK;
BEGIN;
SELECT jobs.submit('SELECT 6') AS job \gset
PREPARE TRANSACTION 'regress_jobs';
SELECT count(*) FROM jobs.jobs WHERE job_id = :job;

-- The description is the command in one line, or what the user says.
SELECT jobs.submit(E'SELECT 1,\n\t\t2;\n') AS job \gset
SELECT job_type, description, statement, user_name = current_user AS mine,
	   cancelable, automatic
FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.submit('SELECT 1', description => 'one') AS job \gset
SELECT description, statement FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.submit('SELECT ''' || repeat('ä', 200) || '''') AS job \gset
SELECT octet_length(description), right(description, 6), length(statement)
FROM jobs.jobs WHERE job_id = :job;

-- The job's owner is the current user.
SET ROLE regress_jobs_alice;
SELECT jobs.submit('SELECT 1') AS job \gset
SELECT user_name FROM jobs.jobs WHERE job_id = :job;
RESET ROLE;
CREATE FUNCTION test.submit_as_definer() RETURNS bigint
LANGUAGE sql SECURITY DEFINER AS $$ SELECT jobs.submit('SELECT 1') $$;
ALTER FUNCTION test.submit_as_definer() OWNER TO regress_jobs_alice;
SELECT test.submit_as_definer() AS job \gset
SELECT user_name FROM jobs.jobs WHERE job_id = :job;

-- What a session is made to run by somebody's table or view submits nothing.
CREATE MATERIALIZED VIEW test.trap AS SELECT jobs.submit('SELECT 1');

-- The function's defaults and nulls.
SELECT jobs.submit(command => 'SELECT 1', description => NULL, on_cancel => NULL) AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT description FROM jobs.jobs WHERE job_id = :job;
