REVOKE ALL ON jobs.job, jobs.message FROM PUBLIC;
REVOKE ALL ON SEQUENCE jobs.job_id_seq FROM PUBLIC;
REVOKE ALL ON FUNCTION jobs.check_preloaded() FROM PUBLIC;
GRANT SELECT ON jobs.jobs, jobs.messages TO PUBLIC;

-- Starts the coordinator of this database when CREATE EXTENSION commits.
CREATE FUNCTION jobs.wake() RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_wake'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.wake() IS
'make the coordinator of this database look for work when the transaction commits';
REVOKE ALL ON FUNCTION jobs.wake() FROM PUBLIC;
SELECT jobs.wake();
