-- crdb_internal, for who asks for it.

-- Nobody has asked.
SELECT to_regnamespace('crdb_internal');
SELECT jobs.uninstall_crdb_compat();

-- Not everybody may ask.
SET ROLE regress_jobs_alice;
SELECT test.try('SELECT jobs.install_crdb_compat()');
SELECT test.try('SELECT jobs.uninstall_crdb_compat()');
RESET ROLE;

-- A schema in which somebody else has a hand is left alone.
CREATE SCHEMA crdb_internal AUTHORIZATION regress_jobs_alice;
SELECT jobs.install_crdb_compat();
SELECT jobs.uninstall_crdb_compat();
ALTER SCHEMA crdb_internal OWNER TO CURRENT_USER;
GRANT CREATE ON SCHEMA crdb_internal TO PUBLIC;
SELECT jobs.install_crdb_compat();
SET ROLE regress_jobs_alice;
CREATE FUNCTION crdb_internal.crdb_job_messages(integer) RETURNS text LANGUAGE sql AS $$ SELECT current_user $$;
RESET ROLE;
REVOKE CREATE ON SCHEMA crdb_internal FROM PUBLIC;
SELECT jobs.install_crdb_compat();
DROP SCHEMA crdb_internal CASCADE;

-- As often as one likes.
SELECT jobs.install_crdb_compat();
SELECT jobs.install_crdb_compat();
SELECT attrelid::regclass AS relation, string_agg(attname || ' ' || atttypid::regtype, ', ' ORDER BY attnum) AS columns
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace = 'crdb_internal'::regnamespace AND attnum > 0
GROUP BY attrelid ORDER BY attrelid::regclass::text;
SELECT oid::regprocedure, pg_get_function_result(oid) FROM pg_proc
WHERE pronamespace = 'crdb_internal'::regnamespace ORDER BY 1;
SELECT count(*) FROM pg_class WHERE relnamespace = 'crdb_internal'::regnamespace
AND obj_description(oid, 'pg_class') IS NULL;

-- Everybody sees what SHOW JOBS would show.
SELECT jobs.submit('SELECT jobs.report_progress(0.5); SELECT 1 / 0', description => 'fails') AS failed,
	   jobs.submit('SELECT 1') AS job \gset
CALL test.wait_for(:failed, 'failed');
CALL test.wait_for(:job, 'succeeded');
SELECT job_type, description, statement, user_name = current_user AS mine, descriptor_ids, status, running_status,
	   created = started AS repeated, finished >= created AS finished, modified >= finished AS modified,
	   fraction_completed, high_water_timestamp, error, coordinator_id, trace_id, execution_errors, execution_events
FROM crdb_internal.jobs WHERE job_id IN (:failed, :job) ORDER BY job_id;
SELECT job_type, owner = current_user AS mine, description, finished >= created AS finished, state, error
FROM crdb_internal.crdb_jobs WHERE job_id IN (:failed, :job) ORDER BY job_id;
SELECT state, progress_fraction, resolved, status_message, last_updated >= created AS updated
FROM crdb_internal.crdb_jobs_with_progress WHERE job_id IN (:failed, :job) ORDER BY job_id;
SELECT status, created_by_type, created_by_id, claim_session_id, claim_instance_id, num_runs, last_run >= created AS ran,
	   job_type, owner = current_user AS mine, description, error_msg
FROM crdb_internal.system_jobs WHERE id IN (:failed, :job) ORDER BY id;
SELECT kind, message FROM crdb_internal.crdb_job_messages(:failed);
SELECT progress_fraction, resolved FROM crdb_internal.crdb_job_progress_history(:failed);
SET ROLE regress_jobs_alice;
SELECT count(*) FROM crdb_internal.jobs WHERE user_name <> current_user;
SELECT count(*) FROM crdb_internal.crdb_jobs WHERE owner <> current_user;
SELECT count(*) FROM crdb_internal.crdb_jobs_with_progress WHERE owner <> current_user;
SELECT count(*) FROM crdb_internal.system_jobs WHERE owner <> current_user;
SELECT count(*) FROM crdb_internal.crdb_job_messages(:failed);
SELECT count(*) FROM crdb_internal.crdb_job_progress_history(:failed);
SELECT test.try('DELETE FROM crdb_internal.jobs');
SELECT test.try('CREATE TABLE crdb_internal.mine ()');
SELECT jobs.submit('SELECT 1') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT status FROM crdb_internal.jobs WHERE job_id = :job;
RESET ROLE;

-- What users have made of it keeps it from being removed.
CREATE VIEW test.failed_jobs AS SELECT job_id FROM crdb_internal.jobs WHERE status = 'failed';
SELECT test.try('SELECT jobs.uninstall_crdb_compat()');
DROP VIEW test.failed_jobs;
CREATE TABLE crdb_internal.mine ();
SELECT test.try('SELECT jobs.uninstall_crdb_compat()');
DROP TABLE crdb_internal.mine;
SELECT jobs.uninstall_crdb_compat();
SELECT to_regnamespace('crdb_internal');

-- The owner of a database may ask there; names that are found first change
-- nothing; and DROP EXTENSION takes the schema along.
SELECT current_database() AS here \gset
CREATE DATABASE regress_jobs_compat OWNER regress_jobs_alice;
\c regress_jobs_compat
CREATE EXTENSION cancel_job;
SET ROLE regress_jobs_alice;
CREATE SCHEMA trap;
CREATE FUNCTION trap.pg_has_role(oid, text) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RAISE 'trapped'; END $$;
SET search_path = trap, pg_catalog;
SELECT jobs.install_crdb_compat();
RESET search_path;
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'crdb_internal';
SELECT count(*) FROM crdb_internal.jobs;
RESET ROLE;
SELECT jobs.install_crdb_compat();
SELECT jobs.uninstall_crdb_compat();
SELECT jobs.install_crdb_compat();
CREATE VIEW failed_jobs AS SELECT job_id FROM crdb_internal.jobs WHERE status = 'failed';
\set VERBOSITY terse
DROP EXTENSION cancel_job;
\set VERBOSITY default
DROP VIEW failed_jobs;
DROP EXTENSION cancel_job;
SELECT to_regnamespace('crdb_internal');

-- A schema of one's own is completed, and not removed unless it was.
CREATE EXTENSION cancel_job;
CREATE SCHEMA crdb_internal;
SELECT jobs.uninstall_crdb_compat();
SELECT jobs.install_crdb_compat();
SELECT jobs.uninstall_crdb_compat();
SELECT to_regnamespace('crdb_internal');
\c :here
DROP DATABASE regress_jobs_compat WITH (FORCE);
