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

-- The past of a table's statistics.
CREATE VIEW jobs.statistics_history WITH (security_barrier) AS
SELECT (j.arguments ->> 'relation')::oid::regclass AS table_name, j.job_id, j.automatic,
	   j.statement, pg_catalog.pg_get_userbyid(j.owner) AS user_name, j.state AS status,
	   j.created, j.finished
FROM jobs.job j
WHERE j.job_type = 'CREATE STATS'
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
GRANT SELECT ON jobs.statistics_history TO PUBLIC;
