-- How far jobs are, and were: the history, the bar, and what others see of it.

-- A point when the fraction has moved, and one at the end, the newest first.
SELECT pg_advisory_lock(1);
SELECT jobs.submit(E'SELECT jobs.report_progress(0.25, E''a\nquarter''); SELECT pg_advisory_xact_lock_shared(1)',
				   description => E'first line\nnext\tline') AS job \gset
CALL test.wait_until(format('count(*) = 1 FROM jobs.job_progress_history(%s)', :job));
SELECT progress_fraction, resolved, recorded <= clock_timestamp() AS recorded
FROM jobs.job_progress_history(:job);
SELECT fraction, status FROM jobs.job WHERE job_id = :job;

-- A running job with its bar; the text is on one line.
SELECT job_type, description, user_name = current_user AS mine, status, running_status, bar,
	   percent_per_minute > 0 AS moves, time_left > '0' AS ends, running_for >= '0' AS runs
FROM jobs.progress WHERE job_id = :job;
SELECT description, running_status FROM [SHOW JOBS] WHERE job_id = :job;
SELECT description, running_status FROM [SHOW JOB :job];
SET client_encoding = LATIN1;
SELECT bar FROM jobs.progress WHERE job_id = :job;
RESET client_encoding;

-- What is too little to be divided is no error, and takes too long to be told.
SELECT jobs.submit('SELECT jobs.report_progress(1e-320); SELECT pg_advisory_xact_lock_shared(1)') AS tiny,
	   jobs.submit('SELECT pg_advisory_xact_lock_shared(1)') AS silent \gset
CALL test.wait_until('count(*) = 3 FROM pg_locks WHERE locktype = ''advisory'' AND NOT granted');
SELECT job_id = :silent AS silent, bar, percent_per_minute, time_left
FROM jobs.progress WHERE job_id <> :job ORDER BY job_id;
SELECT jobs.bar(f) FROM unnest('{0, 0.049, 0.05, 0.999, 1, NULL}'::float8[]) f;

-- Others see nothing of it; members of the owning role would.
SET ROLE regress_jobs_alice;
SELECT count(*) FROM jobs.progress;
SELECT count(*) FROM jobs.progress_history;
SELECT count(*) FROM jobs.job_progress_history(:job);
SELECT count(*) FROM jobs.job_messages(:job);
SELECT count(*) FROM jobs.jobs_with_progress WHERE job_id = :job;
SELECT test.try('SELECT count(*) FROM jobs.progress_point');
SELECT test.try('DELETE FROM jobs.progress_history');
CREATE FUNCTION pg_temp.leak(float8) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
	'BEGIN RAISE NOTICE ''leaked %'', $1; RETURN true; END';
SELECT count(*) FROM jobs.progress_history WHERE pg_temp.leak(progress_fraction);
RESET ROLE;
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT jobs.report_progress(0.5)') AS of_group \gset
CALL test.wait_for(:of_group, 'succeeded');
SET ROLE regress_jobs_bob;
SELECT progress_fraction FROM jobs.job_progress_history(:of_group) LIMIT 1;
SELECT kind, message FROM jobs.job_messages(:of_group);
RESET ROLE;

-- The history is thinned out, the first and the last point stay.
INSERT INTO jobs.progress_point (job_id, fraction)
SELECT :job, 0.3 + n / 10000.0 FROM generate_series(1, 1000) n;
SELECT pg_advisory_unlock(1);
CALL test.wait_for(:job, 'succeeded');
CALL test.wait_for(:tiny, 'succeeded');
CALL test.wait_for(:silent, 'succeeded');
SELECT count(*) BETWEEN 500 AND 502 AS thinned, min(progress_fraction), max(progress_fraction)
FROM jobs.job_progress_history(:job);
SELECT progress_fraction FROM jobs.job_progress_history(:job) LIMIT 1;
SELECT count(*) FROM jobs.progress WHERE job_id = :job;

-- Without a report there is no history; nor of a job that does not exist.
SELECT count(*) FROM jobs.job_progress_history(:silent);
SELECT count(*) FROM jobs.job_progress_history(123456789012);
SELECT count(*) FROM jobs.job_progress_history(NULL);
SELECT count(*) FROM jobs.job_messages(123456789012);

-- A job that fails keeps how far it was, one that is tried again each attempt.
SELECT jobs.submit('SELECT jobs.report_progress(0.5); SELECT 1 / 0') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT progress_fraction FROM jobs.job_progress_history(:job);
SELECT kind, message FROM jobs.job_messages(:job);
SELECT state, error, progress_fraction, last_updated >= created AS updated
FROM jobs.jobs_with_progress WHERE job_id = :job;

-- A fraction is one from 0 to 1, can go back, and is 1 in the end.
SELECT pg_advisory_lock(1);
SELECT jobs.submit('SELECT jobs.report_progress(7); SELECT pg_advisory_xact_lock_shared(1)') AS over,
	jobs.submit('SELECT jobs.report_progress(0.7); SELECT jobs.report_progress(0.2); SELECT pg_advisory_xact_lock_shared(1)') AS back,
	jobs.submit('SELECT jobs.report_progress(-7); SELECT pg_advisory_xact_lock_shared(1)') AS under \gset
CALL test.wait_until('count(*) = 3 FROM pg_locks WHERE locktype = ''advisory'' AND NOT granted');
SELECT fraction_completed FROM [SHOW JOBS VALUES (:over), (:back), (:under)] ORDER BY job_id;
SELECT pg_advisory_unlock(1);
CALL jobs.wait_for(ARRAY[:over, :back, :under]::bigint[]);
SELECT DISTINCT fraction_completed FROM [SHOW JOBS VALUES (:over), (:back), (:under)];

-- Under an isolation level that keeps its snapshot.
SELECT jobs.submit('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT jobs.report_progress(0.5)') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT progress_fraction FROM jobs.job_progress_history(:job) LIMIT 1;

-- Multi-byte characters are counted, not bytes, where a description is cut, and
-- a client of another encoding can read it.
SELECT jobs.submit('SELECT 1', description => repeat('ä', 60) || E'\n' || repeat('ö', 10)) AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT description FROM [SHOW JOBS] WHERE job_id = :job;
SELECT jobs.short_description(repeat('x', 70)) = repeat('x', 70) AS whole, jobs.short_description(NULL);
SET client_encoding = LATIN1;
SELECT jobs.short_description(repeat('x', 71));
RESET client_encoding;
