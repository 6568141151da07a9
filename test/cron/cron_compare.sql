-- Compares jobs.next_run() with what cron_oracle.go expects, which stands in the
-- file :cases.  Prints the cases that differ, the first twenty, and then fails.
\set ON_ERROR_STOP on
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cancel_job;

CREATE TEMP TABLE cron_case (recurrence text, timezone text, after timestamptz,
							 expected timestamptz, refused boolean);
\set copy 'COPY cron_case FROM ' :'cases'
:copy;

CREATE FUNCTION pg_temp.next_run_or_refusal(recurrence text, after timestamptz, timezone text)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN coalesce(jobs.next_run(recurrence, after, timezone)::text, 'never');
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN 'refused';
END
$$;

CREATE TEMP TABLE cron_difference AS
SELECT c.*, r.got
FROM cron_case c, pg_temp.next_run_or_refusal(c.recurrence, c.after, c.timezone) AS r(got)
WHERE r.got IS DISTINCT FROM CASE WHEN c.refused THEN 'refused' ELSE c.expected::text END
LIMIT 20;

TABLE cron_difference;
SELECT count(*) AS compared, count(*) FILTER (WHERE refused) AS refused FROM cron_case;
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM cron_case WHERE refused) OR
		NOT EXISTS (SELECT FROM cron_case WHERE NOT refused) THEN
		RAISE EXCEPTION 'there was nothing to compare';
	ELSIF EXISTS (SELECT FROM cron_difference) THEN
		RAISE EXCEPTION 'next_run() differs';
	END IF;
END
$$;
