-- Table statistics: on request.

CREATE FUNCTION jobs.create_statistics(table_name regclass, columns name[] DEFAULT NULL,
									   statistics_name name DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_create_statistics'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.create_statistics(regclass, name[], name) IS
'submit a job that collects statistics of a table, or of these columns; returns its id';

CREATE PROCEDURE jobs.collect_statistics(table_name regclass, columns name[] DEFAULT NULL,
										 statistics_name name DEFAULT NULL)
AS 'MODULE_PATHNAME', 'cj_fn_collect_statistics'
LANGUAGE C;
COMMENT ON PROCEDURE jobs.collect_statistics(regclass, name[], name) IS
'as jobs.create_statistics(), then commit and wait for the job: CockroachDB''s CREATE STATISTICS';

CREATE FUNCTION jobs.analyze(table_name regclass, columns name[] DEFAULT NULL)
RETURNS bigint
AS 'MODULE_PATHNAME', 'cj_fn_analyze'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.analyze(regclass, name[]) IS
'submit a job that runs ANALYZE on a table, or on these columns; returns its id';

-- Table statistics: automatic.

-- Everybody may read it, as the storage parameters in pg_class: pg_dump does.  The
-- coordinator reads what stands here, whoever has written it.
CREATE TABLE jobs.table_option (
	relation regclass NOT NULL,
	name text NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (relation, name),
	CONSTRAINT table_option_check CHECK (
		CASE name
			WHEN 'sql_stats_automatic_collection_enabled' THEN value IN ('true', 'false')
			WHEN 'sql_stats_automatic_collection_min_stale_rows' THEN value ~ '^[0-9]{1,18}$'
			WHEN 'sql_stats_automatic_collection_fraction_stale_rows' THEN value ~ '^[0-9]{1,9}([.][0-9]{1,18})?$'
			ELSE false
		END)
);
COMMENT ON TABLE jobs.table_option IS 'options of tables that PostgreSQL has not, see jobs.set_table_option()';
COMMENT ON COLUMN jobs.table_option.relation IS 'the table';
COMMENT ON COLUMN jobs.table_option.name IS 'name of the option, as CockroachDB has it';
COMMENT ON COLUMN jobs.table_option.value IS 'its value';
COMMENT ON CONSTRAINT table_option_check ON jobs.table_option IS 'the options that there are, and their values as they are written here';
SELECT pg_extension_config_dump('jobs.table_option',
	'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)');

CREATE TABLE jobs.automatic_statistics (
	relation oid PRIMARY KEY,
	job_id bigint,
	failures integer NOT NULL DEFAULT 0,
	left_since timestamptz,
	analyzed timestamptz,
	changes bigint
);
COMMENT ON TABLE jobs.automatic_statistics IS 'what automatic statistics jobs have done, by table';
COMMENT ON COLUMN jobs.automatic_statistics.relation IS 'the table';
COMMENT ON COLUMN jobs.automatic_statistics.job_id IS 'its last automatic job';
COMMENT ON COLUMN jobs.automatic_statistics.failures IS 'how many such jobs had failed in a row before that one';
COMMENT ON COLUMN jobs.automatic_statistics.left_since IS 'since when it is left to autovacuum to analyze the table';
COMMENT ON COLUMN jobs.automatic_statistics.analyzed IS 'when its statistics were collected, as far as known here';
COMMENT ON COLUMN jobs.automatic_statistics.changes IS 'of a table with partitions or children: rows that had changed in all of them by then';

-- At most one automatic job is unfinished, and that is the last one.
CREATE INDEX automatic_statistics_job_idx ON jobs.automatic_statistics (job_id)
	WHERE job_id IS NOT NULL;
COMMENT ON INDEX jobs.automatic_statistics_job_idx IS 'the last automatic job';

CREATE FUNCTION jobs.set_table_option(table_name regclass, name text, value text)
RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_set_table_option'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.set_table_option(regclass, text, text) IS
'set an option of a table that the current user owns; null takes it back';

-- The past of a table's statistics.
CREATE VIEW jobs.statistics_history WITH (security_barrier) AS
SELECT (j.arguments ->> 'relation')::oid::regclass AS table_name, j.job_id, j.automatic,
	   j.statement, pg_catalog.pg_get_userbyid(j.owner) AS user_name, j.state AS status,
	   j.created, j.finished,
	   (j.arguments ->> 'rows')::double precision AS table_rows,
	   (j.arguments ->> 'changed')::double precision AS changed_rows
FROM jobs.job j
WHERE j.job_type IN ('CREATE STATS', 'AUTO CREATE STATS')
  AND ((SELECT jobs.may_see_all()) OR pg_catalog.pg_has_role(j.owner, 'USAGE'));
COMMENT ON VIEW jobs.statistics_history IS 'the statistics jobs that the current user may see, by table';
COMMENT ON COLUMN jobs.statistics_history.table_name IS 'the table; its number if it does not exist any more';
COMMENT ON COLUMN jobs.statistics_history.job_id IS 'the job';
COMMENT ON COLUMN jobs.statistics_history.automatic IS 'whether nobody has asked for it';
COMMENT ON COLUMN jobs.statistics_history.statement IS 'what the job ran';
COMMENT ON COLUMN jobs.statistics_history.user_name IS 'owner of the job';
COMMENT ON COLUMN jobs.statistics_history.status IS 'state of the job';
COMMENT ON COLUMN jobs.statistics_history.created IS 'when it was submitted';
COMMENT ON COLUMN jobs.statistics_history.finished IS 'when it reached its last state';
COMMENT ON COLUMN jobs.statistics_history.table_rows IS 'of an automatic job: rows of the table by then, as PostgreSQL knew them';
COMMENT ON COLUMN jobs.statistics_history.changed_rows IS 'of an automatic job: how many of these had changed since statistics were collected';
