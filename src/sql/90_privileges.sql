-- Who can write to the registry runs jobs as anybody.  So neither the default
-- privileges of whoever installs the extension hold here, nor those of
-- pg_write_all_data: row-level security without a policy keeps out all but the
-- owner.
DO LANGUAGE plpgsql $$
DECLARE
	given record;
BEGIN
	FOR given IN
		SELECT DISTINCT o.what, a.grantee::regrole AS grantee
		FROM (SELECT 'SCHEMA jobs', nspacl, nspowner FROM pg_namespace
			  WHERE nspname = 'jobs'
			  UNION ALL
			  SELECT 'TABLE ' || oid::regclass, relacl, relowner FROM pg_class
			  WHERE relnamespace = 'jobs'::regnamespace) AS o(what, acl, owner),
			 aclexplode(o.acl) a
		WHERE a.grantee NOT IN (0, o.owner)
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', given.what, given.grantee);
	END LOOP;
END
$$;
ALTER TABLE jobs.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.dependency ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.message ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.progress_point ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.schedule_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.automatic_statistics ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.system_privilege ENABLE ROW LEVEL SECURITY;
-- No statistics of what users have written: EXPLAIN's estimates would tell whether a
-- text is among those of others, and letter by letter what it is.  None of our own
-- statements looks for a row by these.
ALTER TABLE jobs.job
	ALTER description SET STATISTICS 0, ALTER statement SET STATISTICS 0,
	ALTER arguments SET STATISTICS 0, ALTER checkpoint SET STATISTICS 0,
	ALTER fraction SET STATISTICS 0, ALTER status SET STATISTICS 0,
	ALTER error SET STATISTICS 0, ALTER sqlstate SET STATISTICS 0,
	ALTER revert_error SET STATISTICS 0, ALTER start_at SET STATISTICS 0,
	ALTER timeout SET STATISTICS 0, ALTER priority SET STATISTICS 0,
	ALTER exclusive_key SET STATISTICS 0, ALTER depends_on SET STATISTICS 0,
	ALTER request_reason SET STATISTICS 0, ALTER result_tag SET STATISTICS 0,
	ALTER result_rows SET STATISTICS 0;
ALTER TABLE jobs.message
	ALTER kind SET STATISTICS 0, ALTER sqlstate SET STATISTICS 0, ALTER message SET STATISTICS 0;
ALTER TABLE jobs.progress_point ALTER fraction SET STATISTICS 0;
ALTER TABLE jobs.schedule
	ALTER label SET STATISTICS 0, ALTER recurrence SET STATISTICS 0,
	ALTER timezone SET STATISTICS 0, ALTER state SET STATISTICS 0,
	ALTER max_running SET STATISTICS 0, ALTER command SET STATISTICS 0,
	ALTER statement SET STATISTICS 0;
ALTER INDEX jobs.schedule_label_idx ALTER 1 SET STATISTICS 0;
ALTER TABLE jobs.schedule_run
	ALTER due SET STATISTICS 0, ALTER missed SET STATISTICS 0, ALTER outcome SET STATISTICS 0, ALTER detail SET STATISTICS 0;
REVOKE ALL ON SCHEMA jobs FROM PUBLIC;
GRANT USAGE ON SCHEMA jobs TO PUBLIC;
REVOKE ALL ON jobs.job, jobs.queue, jobs.dependency, jobs.message, jobs.progress_point, jobs.system_privilege FROM PUBLIC;
REVOKE ALL ON jobs.schedule, jobs.schedule_run, jobs.installation FROM PUBLIC;
REVOKE ALL ON jobs.automatic_statistics, jobs.table_option FROM PUBLIC;
REVOKE ALL ON SEQUENCE jobs.schedule_id_seq FROM PUBLIC;
REVOKE ALL ON SEQUENCE jobs.job_id_seq FROM PUBLIC;
REVOKE ALL ON FUNCTION jobs.check_preloaded() FROM PUBLIC;
REVOKE ALL ON FUNCTION jobs.may_control(oid, boolean, oid, boolean) FROM PUBLIC;
GRANT SELECT ON jobs.jobs, jobs.recent_jobs, jobs.changefeed_jobs, jobs.messages TO PUBLIC;
GRANT SELECT ON jobs.schedules, jobs.schedule_runs TO PUBLIC;
GRANT SELECT ON jobs.table_option, jobs.statistics_history TO PUBLIC;
GRANT SELECT ON jobs.cluster_settings, jobs.system_grants TO PUBLIC;
GRANT SELECT ON jobs.progress_history, jobs.progress, jobs.jobs_with_progress,
	jobs.crdb_internal_jobs, jobs.system_jobs, jobs.system_scheduled_jobs TO PUBLIC;

-- pg_monitor is a member of this role.
REVOKE ALL ON FUNCTION jobs.counters() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jobs.counters() TO pg_read_all_stats;
GRANT SELECT ON jobs.stats, jobs.stats_unfinished, jobs.metrics TO pg_read_all_stats;

-- Starts the coordinator of this database when CREATE EXTENSION commits.
CREATE FUNCTION jobs.wake() RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_wake'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.wake() IS
'make the coordinator of this database look for work when the transaction commits';
REVOKE ALL ON FUNCTION jobs.wake() FROM PUBLIC;
SELECT jobs.wake();
