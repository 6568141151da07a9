-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION count_job" to load this file. \quit

CREATE SCHEMA count_job;
GRANT USAGE ON SCHEMA count_job TO PUBLIC;
COMMENT ON SCHEMA count_job IS 'jobs that count (extension count_job)';

CREATE TABLE count_job.step (
	job_id bigint NOT NULL,
	step integer NOT NULL
);
COMMENT ON TABLE count_job.step IS 'one row for each number that a job has counted';
COMMENT ON COLUMN count_job.step.job_id IS 'the job';
COMMENT ON COLUMN count_job.step.step IS 'the number';

CREATE SEQUENCE count_job.cleanup;
COMMENT ON SEQUENCE count_job.cleanup IS 'attempts at clean-ups that were to fail';

CREATE FUNCTION count_job.submit(steps integer, options jsonb DEFAULT '{}',
								 job_type text DEFAULT 'COUNT')
RETURNS bigint
AS 'MODULE_PATHNAME', 'count_job_submit'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION count_job.submit(integer, jsonb, text) IS
'submit a job that counts to a number; count_job.c tells the options';

CREATE FUNCTION count_job.register(name text, flags integer DEFAULT 0,
								   max_running integer DEFAULT 0,
								   resume boolean DEFAULT true,
								   on_fail_or_cancel boolean DEFAULT true)
RETURNS void
AS 'MODULE_PATHNAME', 'count_job_register'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION count_job.register(text, integer, integer, boolean, boolean) IS
'register a job type in this session that counts, with or without these callbacks';
