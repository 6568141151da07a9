-- CockroachDB's cluster settings: parameters whose names begin with jobs or sql.
CREATE PROCEDURE jobs.set_cluster_setting(name text, value text)
AS 'MODULE_PATHNAME', 'cj_fn_set_cluster_setting'
LANGUAGE C;
COMMENT ON PROCEDURE jobs.set_cluster_setting(text, text) IS
'set a cluster setting for the whole server, for good and at once, as SET CLUSTER SETTING; for who may ALTER SYSTEM it';

CREATE PROCEDURE jobs.reset_cluster_setting(name text)
AS 'MODULE_PATHNAME', 'cj_fn_reset_cluster_setting'
LANGUAGE C;
COMMENT ON PROCEDURE jobs.reset_cluster_setting(text) IS
'undo jobs.set_cluster_setting(), as RESET CLUSTER SETTING';

CREATE FUNCTION jobs.show_cluster_setting(name text) RETURNS text
AS 'MODULE_PATHNAME', 'cj_fn_show_cluster_setting'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION jobs.show_cluster_setting(text) IS
'the value of a cluster setting, whatever this session has set for itself, as SHOW CLUSTER SETTING';

-- The columns of CockroachDB's SHOW ALL CLUSTER SETTINGS and SHOW CLUSTER SETTINGS.
CREATE FUNCTION jobs.show_all_cluster_settings(
	OUT variable text, OUT value text, OUT setting_type text,
	OUT public boolean, OUT description text, OUT default_value text,
	OUT origin text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'cj_fn_show_all_cluster_settings'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 20;
COMMENT ON FUNCTION jobs.show_all_cluster_settings() IS
'SHOW ALL CLUSTER SETTINGS: those for tests, too';

CREATE FUNCTION jobs.show_cluster_settings(
	OUT variable text, OUT value text, OUT setting_type text,
	OUT description text, OUT default_value text, OUT origin text)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20
BEGIN ATOMIC
	SELECT s.variable, s.value, s.setting_type, s.description, s.default_value,
		   s.origin
	FROM jobs.show_all_cluster_settings() s
	WHERE s.public;
END;
COMMENT ON FUNCTION jobs.show_cluster_settings() IS
'SHOW CLUSTER SETTINGS: those that are not for tests';

CREATE VIEW jobs.cluster_settings AS
SELECT variable, value, setting_type, public, description, default_value, origin
FROM jobs.show_all_cluster_settings();

COMMENT ON VIEW jobs.cluster_settings IS 'cluster settings: the parameters of the extension, as the configuration sets them for the whole server';
COMMENT ON COLUMN jobs.cluster_settings.variable IS 'name of the parameter; the statements also take it with dots in the place of underscores';
COMMENT ON COLUMN jobs.cluster_settings.value IS 'value in CockroachDB''s spelling';
COMMENT ON COLUMN jobs.cluster_settings.setting_type IS 'b boolean, d duration, e one of several words, f float, i integer, s string';
COMMENT ON COLUMN jobs.cluster_settings.public IS 'whether SHOW CLUSTER SETTINGS shows it; false if it is for tests';
COMMENT ON COLUMN jobs.cluster_settings.description IS 'what it does';
COMMENT ON COLUMN jobs.cluster_settings.default_value IS 'value that it has if nobody sets it';
COMMENT ON COLUMN jobs.cluster_settings.origin IS 'default; override: set by SET CLUSTER SETTING or ALTER SYSTEM; external-override: set in postgresql.conf or on the command line';

-- A view, for what it needs is not for everybody to read.  MODIFYCLUSTERSETTING is
-- the right to ALTER SYSTEM all the settings that are not for tests.
CREATE VIEW jobs.system_grants AS
SELECT r.rolname::text AS grantee, 'ALL' AS privilege_type, true AS is_grantable
FROM pg_catalog.pg_roles r
WHERE r.rolsuper
UNION ALL
SELECT pg_catalog.pg_get_userbyid(m.member)::text, s.privilege, pg_catalog.bool_or(m.admin_option)
FROM jobs.system_privilege s JOIN pg_catalog.pg_auth_members m ON m.roleid = s.role
GROUP BY m.member, s.privilege
UNION ALL
SELECT CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END,
	   'MODIFYCLUSTERSETTING', pg_catalog.bool_and(a.is_grantable)
FROM (SELECT g.grantee, p.parname, pg_catalog.bool_or(g.is_grantable) AS is_grantable
	  FROM pg_catalog.pg_parameter_acl p, pg_catalog.aclexplode(p.paracl) g
	  WHERE g.privilege_type = 'ALTER SYSTEM' AND g.grantee <> 10	-- whose all parameters are
		AND p.parname IN (SELECT pg_catalog.lower(s.variable) FROM jobs.show_cluster_settings() s)
	  GROUP BY g.grantee, p.parname) a
GROUP BY a.grantee
HAVING pg_catalog.count(*) = (SELECT pg_catalog.count(*) FROM jobs.show_cluster_settings());

COMMENT ON VIEW jobs.system_grants IS 'which roles have been granted which system privileges; memberships in these roles count for more than is here';
COMMENT ON COLUMN jobs.system_grants.grantee IS 'the role; public is everybody';
COMMENT ON COLUMN jobs.system_grants.privilege_type IS 'CONTROLJOB, VIEWJOB, REPAIRCLUSTER, MODIFYCLUSTERSETTING, or ALL of a superuser';
COMMENT ON COLUMN jobs.system_grants.is_grantable IS 'whether the role can grant it to others';

CREATE FUNCTION jobs.show_system_grants(grantees text[] DEFAULT NULL,
	OUT grantee text, OUT privilege_type text, OUT is_grantable boolean)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 20
BEGIN ATOMIC
	SELECT s.grantee, s.privilege_type, s.is_grantable
	FROM jobs.system_grants s
	WHERE show_system_grants.grantees IS NULL
	   OR s.grantee IN (SELECT CASE WHEN g.name = 'public' THEN g.name
									ELSE pg_catalog.pg_get_userbyid(pg_catalog.quote_ident(g.name)::regrole)::text END
						FROM pg_catalog.unnest(show_system_grants.grantees) g(name))
	ORDER BY s.grantee, s.privilege_type;
END;
COMMENT ON FUNCTION jobs.show_system_grants(text[]) IS
'SHOW SYSTEM GRANTS: what system privileges these roles, or all, have been granted';
