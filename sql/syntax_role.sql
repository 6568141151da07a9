-- CONTROLJOB, VIEWJOB and other system privileges in statements about roles.

-- What a role is a member of; other attributes that the statements set.
CREATE FUNCTION test.role(who text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolcreatedb THEN 'createdb' END,
		nullif(rolconnlimit, -1), rolvaliduntil::date,
		(SELECT string_agg(roleid::regrole || CASE WHEN admin_option THEN '*' ELSE '' END, ' ' ORDER BY roleid::regrole::text)
		 FROM pg_auth_members WHERE member = r.oid))
	FROM pg_roles r WHERE rolname = 'regress_jobs_' || who
$$;

-- CREATE, the option among others in any order
CREATE ROLE regress_jobs_r1 CONTROLJOB;
CREATE ROLE regress_jobs_r2 WITH CONTROLJOB;
CREATE USER regress_jobs_r3 CONTROLJOB CREATEDB;
CREATE USER regress_jobs_r4 WITH CREATEDB CONTROLJOB CONNECTION LIMIT 3 VALID UNTIL '2030-01-01';
CREATE ROLE regress_jobs_r5 LOGIN NOCONTROLJOB;
CREATE ROLE regress_jobs_r6 IN ROLE regress_jobs_group, regress_jobs_alice CONTROLJOB LOGIN;
CREATE ROLE regress_jobs_r7 CONTROLJOB ROLE regress_jobs_r1 ADMIN regress_jobs_r2;
create role REGRESS_JOBS_R8 ControlJob;
SELECT n, test.role('r' || n) FROM generate_series(1, 8) n;
SELECT test.role('r7'), pg_has_role('regress_jobs_r1', 'regress_jobs_r7', 'MEMBER') AS r1;

-- ALTER
ALTER ROLE regress_jobs_r1 NOCONTROLJOB;
ALTER ROLE regress_jobs_r2 WITH NOCONTROLJOB LOGIN CONNECTION LIMIT 5;
ALTER USER regress_jobs_r5 CREATEDB CONTROLJOB;
ALTER ROLE "regress_jobs_r3" /* a comment */ WITH NOCONTROLJOB NOCREATEDB -- and another
;
SELECT n, test.role('r' || n) FROM generate_series(1, 5) n WHERE n <> 4;

-- GRANT and REVOKE
GRANT SYSTEM VIEWJOB TO regress_jobs_r1;
GRANT SYSTEM CONTROLJOB, VIEWJOB TO regress_jobs_r2, regress_jobs_r3;
GRANT SYSTEM VIEWJOB TO regress_jobs_r4 WITH GRANT OPTION;
SELECT n, test.role('r' || n) FROM generate_series(1, 4) n;
REVOKE SYSTEM VIEWJOB FROM regress_jobs_r1, regress_jobs_r2;
REVOKE GRANT OPTION FOR SYSTEM VIEWJOB FROM regress_jobs_r4;
SELECT n, test.role('r' || n) FROM generate_series(1, 4) n;
GRANT SYSTEM VIEWJOB TO regress_jobs_r4 WITH ADMIN OPTION;
REVOKE ADMIN OPTION FOR SYSTEM VIEWJOB FROM regress_jobs_r4 CASCADE;
REVOKE SYSTEM CONTROLJOB FROM regress_jobs_r3;
GRANT SYSTEM RepairCluster TO regress_jobs_r3;
SELECT n, test.role('r' || n) FROM generate_series(3, 4) n;

REVOKE SYSTEM REPAIRCLUSTER FROM regress_jobs_r3;
-- MODIFYCLUSTERSETTING: every setting that is not for tests, by the privileges
-- of parameters; with other privileges, or twice, it is all or nothing.
GRANT SYSTEM MODIFYCLUSTERSETTING TO regress_jobs_r1 WITH GRANT OPTION;
GRANT SYSTEM ModifyClusterSetting, CONTROLJOB, MODIFYCLUSTERSETTING TO regress_jobs_r3;
GRANT SYSTEM MODIFYCLUSTERSETTING TO regress_jobs_r2;
SELECT test.role('r' || n) FROM generate_series(1, 3) n;
SELECT bool_and(has_parameter_privilege('regress_jobs_r2', variable, 'ALTER SYSTEM')) AS public,
	bool_or(has_parameter_privilege('regress_jobs_r2', variable, 'SET')) AS also_set
FROM [SHOW CLUSTER SETTINGS];
SELECT variable FROM [SHOW ALL CLUSTER SETTINGS] WHERE has_parameter_privilege('regress_jobs_r2', variable, 'ALTER SYSTEM')
EXCEPT SELECT variable FROM [SHOW CLUSTER SETTINGS];
SET ROLE regress_jobs_r2;
SET CLUSTER SETTING jobs.retention_max_rows = 999999;
RESET CLUSTER SETTING jobs.retention_max_rows;
\set VERBOSITY terse
SET CLUSTER SETTING jobs.debug_pausepoints = 'x';
\set VERBOSITY default
RESET ROLE;
GRANT viewjob TO regress_jobs_r6 WITH ADMIN OPTION;
SET ROLE regress_jobs_r6;
SELECT test.try('GRANT SYSTEM VIEWJOB, MODIFYCLUSTERSETTING TO regress_jobs_r2');
RESET ROLE;
SET ROLE regress_jobs_r1;
GRANT SYSTEM MODIFYCLUSTERSETTING TO regress_jobs_r4;
RESET ROLE;

-- SHOW SYSTEM GRANTS
SELECT * FROM [SHOW SYSTEM GRANTS] WHERE grantee ~ '^regress_jobs_r\d';
SELECT * FROM [SHOW SYSTEM GRANTS FOR regress_jobs_r1, "regress_jobs_r3", regress_jobs_alice];
SELECT grantee = current_user AS mine, privilege_type, is_grantable FROM [SHOW SYSTEM GRANTS FOR CURRENT_USER];
SELECT privilege_type FROM jobs.show_system_grants('{regress_jobs_admin}');
SHOW SYSTEM GRANTS FOR regress_jobs_r4;
SHOW SYSTEM GRANTS \gdesc
WITH x AS (SHOW SYSTEM GRANTS FOR regress_jobs_r2) SELECT privilege_type FROM x;
PREPARE p AS show system grants for regress_jobs_r4;
EXECUTE p;
DEALLOCATE p;
-- one setting is not all of them; everybody may look
REVOKE ALTER SYSTEM ON PARAMETER jobs.max_running FROM regress_jobs_r3;
SET ROLE regress_jobs_alice;
SELECT privilege_type FROM jobs.system_grants WHERE grantee = 'regress_jobs_r3' ORDER BY 1;
RESET ROLE;
SHOW SYSTEM GRANTS FOR regress_jobs_no_such_role;
SHOW SYSTEM GRANTS FOR public;
CREATE ROLE "Regress jobs r12" CONTROLJOB;
SHOW SYSTEM GRANTS FOR "Regress jobs r12", regress_jobs_r4;
DROP ROLE "Regress jobs r12";
SHOW SYSTEM GRANTS FOR regress_jobs_r1 regress_jobs_r2;
SHOW SYSTEM GRANTS FOR IF EXISTS regress_jobs_r1;
SHOW SYSTEM GRANTS FOR 'regress_jobs_r1';
SHOW SYSTEM GRANTS FOR;
SHOW SYSTEM GRANTS 1;
SELECT * FROM [SHOW SYSTEM GRANTS FOR regress_jobs_r1 WHERE true];
SHOW SYSTEM GRANT;
-- and away again
REVOKE SYSTEM MODIFYCLUSTERSETTING FROM regress_jobs_r1;
REVOKE GRANT OPTION FOR SYSTEM MODIFYCLUSTERSETTING FROM regress_jobs_r1 CASCADE;
SHOW SYSTEM GRANTS FOR regress_jobs_r1, regress_jobs_r4;
REVOKE SYSTEM MODIFYCLUSTERSETTING, CONTROLJOB FROM regress_jobs_r3;
REVOKE SYSTEM MODIFYCLUSTERSETTING FROM regress_jobs_r1, regress_jobs_r2;
SHOW SYSTEM GRANTS FOR regress_jobs_r1, regress_jobs_r2, regress_jobs_r3;
SELECT count(*) FROM pg_parameter_acl, aclexplode(paracl) WHERE grantee::regrole::text ~ '^regress_jobs';

-- Inside others
DO $$
BEGIN
	CREATE ROLE regress_jobs_r9 CONTROLJOB;
	GRANT SYSTEM VIEWJOB TO regress_jobs_r9;
	ALTER ROLE regress_jobs_r9 CREATEDB NOCONTROLJOB;
END $$;
SELECT test.role('r9');
CREATE PROCEDURE test.grants(who text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('GRANT SYSTEM CONTROLJOB TO %I', who);
END $$;
CALL test.grants('regress_jobs_r9');
SELECT test.role('r9');
SELECT 'CREATE ROLE x CONTROLJOB' AS not_a_statement \; GRANT controljob TO regress_jobs_r1 \; CANCEL JOB NULL \; CREATE ROLE regress_jobs_r10 IN ROLE controljob LOGIN;
SELECT test.role('r1'), test.role('r10');

-- All or nothing
ALTER ROLE regress_jobs_no_such_role CREATEDB CONTROLJOB;
CREATE ROLE regress_jobs_r1 CONTROLJOB;
BEGIN;
ALTER ROLE regress_jobs_r8 NOCONTROLJOB CREATEDB;
ROLLBACK;
SELECT test.role('r8');
BEGIN READ ONLY;
ALTER ROLE regress_jobs_r8 NOCONTROLJOB;
ROLLBACK;

-- Who may not: an ordinary role, nor one that may only make roles from 16 on,
-- where it can grant what it has the admin option of.
SET ROLE regress_jobs_alice;
SELECT test.try('CREATE ROLE regress_jobs_r11 CONTROLJOB') ~ '^42501' AS refused;
SELECT test.try('ALTER ROLE regress_jobs_alice CONTROLJOB') ~ '^42501' AS refused;
SELECT test.try('ALTER ROLE regress_jobs_alice PASSWORD NULL CONTROLJOB') ~ '^42501' AS refused;
SELECT test.try('ALTER ROLE regress_jobs_r2 NOCONTROLJOB') ~ '^42501' AS refused;
SELECT test.try('GRANT SYSTEM VIEWJOB TO regress_jobs_alice') ~ '^42501' AS refused;
SELECT test.try('REVOKE SYSTEM VIEWJOB FROM regress_jobs_r4') ~ '^42501' AS refused;
RESET ROLE;
SELECT test.role('alice'), test.role('r4');
CREATE ROLE regress_jobs_maker CREATEROLE;
SET ROLE regress_jobs_maker;
SELECT current_setting('server_version_num')::integer < 160000 OR
	test.try('CREATE ROLE regress_jobs_r11 CONTROLJOB') ~ '^42501' AS refused;
SELECT current_setting('server_version_num')::integer < 160000 OR
	test.try('GRANT SYSTEM CONTROLJOB TO regress_jobs_maker') ~ '^42501' AS refused;
RESET ROLE;
-- Nor does one carry a privilege that is only called like it.
BEGIN;
ALTER ROLE controljob RENAME TO regress_jobs_renamed;
CREATE ROLE controljob IN ROLE viewjob ROLE regress_jobs_bob;
SET ROLE regress_jobs_bob;
SELECT jobs.may_see_all();
RESET ROLE;
REVOKE viewjob FROM controljob;
SET ROLE regress_jobs_bob;
SELECT jobs.may_see_all();
RESET ROLE;
GRANT SYSTEM CONTROLJOB TO regress_jobs_bob;
SELECT test.role('bob');
SET ROLE regress_jobs_bob;
SELECT jobs.may_see_all();
ROLLBACK;
BEGIN;
UPDATE jobs.system_privilege SET role = NULL WHERE privilege = 'CONTROLJOB';
SAVEPOINT s;
CREATE ROLE regress_jobs_r11 CONTROLJOB;
ROLLBACK TO s;
ALTER ROLE regress_jobs_r8 CREATEDB CONTROLJOB;
ROLLBACK TO s;
GRANT SYSTEM CONTROLJOB TO regress_jobs_r8;
ROLLBACK TO s;
GRANT SYSTEM VIEWJOB TO regress_jobs_r8;
ROLLBACK;

-- Errors
CREATE ROLE regress_jobs_r11 CONTROLJOB CONTROLJOB;
ALTER ROLE regress_jobs_r8 CONTROLJOB LOGIN NOCONTROLJOB;
CREATE ROLE regress_jobs_r11 CONTROLJOB NONSENSE;
CREATE ROLE CONTROLJOB CONTROLJOB;
CREATE ROLE regress_jobs_r11 CONTROLJOB = true;
CREATE ROLE regress_jobs_r11 VIEWJOB;
CREATE ROLE regress_jobs_r11 "controljob";
ALTER ROLE regress_jobs_r8 SET work_mem = 1 CONTROLJOB;
ALTER ROLE regress_jobs_r8 RENAME TO regress_jobs_r11 CONTROLJOB;
ALTER ROLE ALL CONTROLJOB;
CREATE USER MAPPING FOR controljob SERVER nowhere CONTROLJOB;
DROP ROLE regress_jobs_r8 CONTROLJOB;
GRANT SYSTEM VIEWACTIVITY, VIEWJOB TO regress_jobs_r8;
GRANT SYSTEM ALL TO regress_jobs_r8;
GRANT SYSTEM VIEWJOB;
GRANT SYSTEM VIEWJOB ON TABLE t TO regress_jobs_r8;
GRANT SYSTEM VIEWJOB (a) TO regress_jobs_r8;
GRANT SYSTEM TO regress_jobs_r8;
GRANT SYSTEM, VIEWJOB TO regress_jobs_r8;
REVOKE SYSTEM VIEWJOB TO regress_jobs_r8;
REVOKE SYSTEM FROM regress_jobs_r8;
EXPLAIN CREATE ROLE regress_jobs_r11 CONTROLJOB;
PREPARE p AS GRANT SYSTEM VIEWJOB TO regress_jobs_r8;
SET jobs.native_syntax = off;
GRANT SYSTEM VIEWJOB TO regress_jobs_r8;
ALTER ROLE regress_jobs_r8 NOCONTROLJOB;
RESET jobs.native_syntax;
-- A parse tree of ours that nobody has made.
GRANT viewjob ("SYSTEM") TO regress_jobs_r8;
GRANT pg_read_all_data ("SYSTEM") TO regress_jobs_r8;
GRANT viewjob (a) TO regress_jobs_r8;
SELECT test.role('r8');

DROP ROLE regress_jobs_r1, regress_jobs_r2, regress_jobs_r3, regress_jobs_r4, regress_jobs_r5,
	regress_jobs_r6, regress_jobs_r7, regress_jobs_r8, regress_jobs_r9, regress_jobs_r10, regress_jobs_maker;
DROP PROCEDURE test.grants(text);
DROP FUNCTION test.role(text);
