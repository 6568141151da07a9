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
