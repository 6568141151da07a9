/* cancel_job 1.0: concatenated from src/sql by the Makefile */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION cancel_job" to load this file. \quit

-- A schema of our own, which fails if it exists: whoever made it could reach into
-- ours.  The control file names pg_catalog, so that no other schema comes into it.
CREATE SCHEMA jobs;
COMMENT ON SCHEMA jobs IS 'jobs in background workers (extension cancel_job)';
GRANT USAGE ON SCHEMA jobs TO PUBLIC;

-- Raises an error on a server that does not preload the library.
CREATE FUNCTION jobs.check_preloaded() RETURNS void
AS 'MODULE_PATHNAME', 'cj_fn_check_preloaded'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION jobs.check_preloaded() IS
'raise an error unless shared_preload_libraries loads cancel_job';
SELECT jobs.check_preloaded();
