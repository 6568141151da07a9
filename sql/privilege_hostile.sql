-- What a hostile user tries; see also the privileges in job_control and job_list.

-- A prepared statement of the name that SHOW JOBS uses would run with the rights
-- of a SECURITY DEFINER function.
SET ROLE regress_jobs_alice;
PREPARE "cancel_job: SHOW JOBS" AS SELECT current_user;
RESET ROLE;
SHOW JOBS;
CREATE FUNCTION test.count_as_definer() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	n bigint := 0;
	j record;
BEGIN
	FOR j IN SHOW JOBS LOOP
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;
SELECT test.count_as_definer();
DEALLOCATE "cancel_job: SHOW JOBS";
SELECT test.count_as_definer() >= 0 AS counted;
-- a plan that was made before is not fooled either
DEALLOCATE "cancel_job: SHOW JOBS";
PREPARE "cancel_job: SHOW JOBS" AS SELECT current_user;
SELECT test.count_as_definer() >= 0 AS counted;

-- A cursor of a reserved name is the statement that it stands for, with the same
-- rights.
SET ROLE regress_jobs_admin;
SELECT jobs.submit('SELECT 1') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SET ROLE regress_jobs_alice;
BEGIN;
DECLARE "cancel_job: CANCEL JOBS" CURSOR FOR SELECT :job;
ROLLBACK;
RESET ROLE;

-- Who may write all data may not write jobs.
GRANT pg_write_all_data, pg_read_all_data TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
SELECT test.try($$INSERT INTO jobs.job (job_type, description, statement, owner, state, arguments, cancelable, automatic)
	VALUES ('SQL', '', '', 'regress_jobs_admin', 'pending', '{"command": "SELECT 1"}', true, false)$$);
UPDATE jobs.job SET owner = 'regress_jobs_alice';
DELETE FROM jobs.message;
SELECT count(*) FROM jobs.job;
RESET ROLE;
REVOKE pg_write_all_data, pg_read_all_data FROM regress_jobs_alice;

-- Default privileges do not reach our objects.
CREATE DATABASE regress_jobs_defaults;
\c regress_jobs_defaults
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_jobs_alice;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_jobs_alice;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_jobs_alice;
CREATE EXTENSION cancel_job;
SELECT has_table_privilege('regress_jobs_alice', 'jobs.job', 'SELECT, INSERT, UPDATE, DELETE, TRIGGER, TRUNCATE, REFERENCES') AS tables,
	   has_sequence_privilege('regress_jobs_alice', 'jobs.job_id_seq', 'USAGE, SELECT, UPDATE') AS sequences,
	   has_schema_privilege('regress_jobs_alice', 'jobs', 'CREATE') AS schema_create,
	   has_schema_privilege('regress_jobs_alice', 'jobs', 'USAGE') AS schema_usage;
SELECT has_table_privilege('regress_jobs_alice', 'jobs.system_privilege', 'SELECT, INSERT, UPDATE, DELETE') AS privileges;

-- The roles of the privileges are found in every database, and left behind.
CREATE ROLE regress_jobs_viewer IN ROLE viewjob;
SET ROLE regress_jobs_viewer;
SELECT jobs.may_see_all();
RESET ROLE;
SET client_min_messages = warning;
DROP EXTENSION cancel_job;
SELECT count(*) FROM pg_roles WHERE rolname IN ('controljob', 'repaircluster', 'viewjob');
CREATE EXTENSION cancel_job;
SET ROLE regress_jobs_viewer;
SELECT jobs.may_see_all();
RESET ROLE;

-- A role of that name that is somebody's carries nothing, and who made one can
-- grant it.
DROP EXTENSION cancel_job;
BEGIN;
ALTER ROLE controljob RENAME TO regress_jobs_renamed;
CREATE ROLE controljob LOGIN;
GRANT viewjob TO regress_jobs_bob WITH ADMIN OPTION;
CREATE EXTENSION cancel_job;
SELECT * FROM jobs.system_privilege ORDER BY privilege;
SET ROLE controljob;
SELECT jobs.may_see_all();
RESET ROLE;
-- until a superuser says so
UPDATE jobs.system_privilege SET role = 'controljob' WHERE privilege = 'CONTROLJOB';
SET ROLE controljob;
SELECT jobs.may_see_all();
ROLLBACK;
RESET client_min_messages;

-- One that is made in the place of one that was dropped carries nothing.
CREATE EXTENSION cancel_job;
BEGIN;
DROP ROLE viewjob;
CREATE ROLE viewjob ROLE regress_jobs_alice;
SELECT count(*) FROM jobs.system_privilege WHERE role::oid = 'viewjob'::regrole;
SET ROLE regress_jobs_alice;
SELECT jobs.may_see_all();
RESET ROLE;
SAVEPOINT s;
GRANT SYSTEM VIEWJOB TO regress_jobs_bob;
ROLLBACK TO s;
UPDATE jobs.system_privilege SET role = 'viewjob' WHERE privilege = 'VIEWJOB';
SET ROLE regress_jobs_alice;
SELECT jobs.may_see_all();
ROLLBACK;

-- Who may write all data cannot make a privilege of a role.
GRANT pg_write_all_data TO regress_jobs_alice;
SET ROLE regress_jobs_alice;
UPDATE jobs.system_privilege SET role = 'regress_jobs_alice';
INSERT INTO jobs.system_privilege VALUES ('VIEWJOB2', 'regress_jobs_alice');
SELECT jobs.may_see_all();
RESET ROLE;
REVOKE pg_write_all_data FROM regress_jobs_alice;

-- An extension whose owner is no superuser any more gives no privileges.
CREATE ROLE regress_jobs_demoted SUPERUSER;
BEGIN;
DROP EXTENSION cancel_job;
SET ROLE regress_jobs_demoted;
CREATE EXTENSION cancel_job;
RESET ROLE;
ALTER ROLE regress_jobs_demoted NOSUPERUSER;
UPDATE jobs.system_privilege SET role = 'regress_jobs_alice';
SET ROLE regress_jobs_alice;
SELECT jobs.may_see_all();
ROLLBACK;
DROP ROLE regress_jobs_demoted, regress_jobs_viewer;
\c contrib_regression
DROP DATABASE regress_jobs_defaults;
