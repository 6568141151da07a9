-- Looking at jobs: the views, and the functions behind SHOW JOBS.

SELECT attrelid::regclass AS relation, string_agg(attname, ', ' ORDER BY attnum) AS columns
FROM pg_attribute
WHERE attrelid IN ('jobs.jobs'::regclass, 'jobs.recent_jobs'::regclass, 'jobs.messages'::regclass) AND attnum > 0
GROUP BY attrelid ORDER BY attrelid::regclass::text;
SELECT p.oid::regprocedure, string_agg(format('%s %s', attname, format_type(atttypid, NULL)), ', ' ORDER BY attnum)
FROM pg_proc p JOIN pg_type t ON t.oid = prorettype JOIN pg_attribute ON attrelid = typrelid
WHERE p.oid IN ('jobs.show_jobs()'::regprocedure, 'jobs.show_jobs(bigint[])'::regprocedure) GROUP BY p.oid ORDER BY pronargs;

-- Everything that others can call or read is explained.
SELECT objid::regprocedure AS function
FROM pg_depend JOIN pg_extension e ON refobjid = e.oid AND refclassid = 'pg_extension'::regclass
WHERE extname = 'cancel_job' AND classid = 'pg_proc'::regclass
  AND obj_description(objid, 'pg_proc') IS NULL;
SELECT attrelid::regclass, attname FROM pg_attribute
JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace = 'jobs'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
  AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL;

-- A running job is seen with its progress, and the process that has it.
SELECT pg_advisory_lock(1);
SELECT jobs.submit('SELECT jobs.report_progress(0.25, ''a quarter''); SELECT pg_advisory_xact_lock_shared(1)',
				   description => 'a running job') AS running \gset
CALL test.wait_for_gate(1);
SELECT job_type, description, user_name = current_user AS mine, status, running_status,
	   started >= created AS started, finished, fraction_completed, error = '' AS no_error
FROM jobs.show_jobs() WHERE job_id = :running;
SELECT a.backend_type, a.application_name = 'cancel_job SQL ' || :running AS named, a.query, a.usename = current_user AS mine
FROM jobs.show_jobs() j JOIN pg_stat_activity a ON a.pid = j.coordinator_id
WHERE job_id = :running;
SELECT backend_type, application_name, state, query
FROM pg_stat_activity
WHERE backend_type = 'cancel_job launcher'
   OR backend_type = 'cancel_job coordinator' AND datname = current_database()
ORDER BY 1;

-- Others do not see it, nor what it does; members of the owning role would.
SET ROLE regress_jobs_alice;
SELECT count(*) FROM jobs.show_jobs() WHERE user_name <> current_user;
SELECT count(*) FROM jobs.jobs WHERE job_id = :running;
SELECT count(*) FROM jobs.messages WHERE job_id = :running;
SELECT count(*) FROM jobs.show_jobs(ARRAY[:running]);
SELECT count(*) FROM jobs.live();
RESET ROLE;
SELECT count(*) FROM jobs.live();
SET ROLE regress_jobs_group;
SELECT jobs.submit('SELECT 1') AS of_group \gset
SET ROLE regress_jobs_bob;
SELECT user_name FROM jobs.show_jobs(ARRAY[:of_group, :running]);
RESET ROLE;

-- A job keeps its last progress, until it succeeds.
SELECT jobs.submit('SELECT jobs.report_progress(7, repeat(''ä'', 1000)); SELECT jobs.report_progress(0.75); SELECT pg_advisory_xact_lock_shared(1)') AS job \gset
CALL test.wait_until('count(*) = 2 FROM pg_locks WHERE locktype = ''advisory'' AND NOT granted');
SELECT octet_length(running_status), fraction_completed FROM jobs.jobs WHERE job_id = :job;
SELECT jobs.cancel(:job);
CALL test.wait_for(:job, 'canceled');
SELECT running_status, fraction_completed FROM jobs.jobs WHERE job_id = :job;
SELECT pg_advisory_unlock(1);
CALL test.wait_for(:running, 'succeeded');
SELECT running_status, fraction_completed, coordinator_id FROM jobs.jobs WHERE job_id = :running;
SELECT jobs.submit('SELECT jobs.report_progress(''NaN'')') AS job \gset
CALL test.wait_for(:job, 'failed');
SELECT error, sqlstate FROM jobs.jobs WHERE job_id = :job;

-- Long descriptions are cut in the list, not in the row of a named job.
SELECT jobs.submit('SELECT 1', description => repeat('0123456789', 7)) AS fits,
	   jobs.submit('SELECT 1', description => repeat('0123456789', 7) || 'x') AS long \gset
CALL test.wait_for(:long, 'succeeded');
SELECT description FROM jobs.show_jobs() WHERE job_id IN (:fits, :long) ORDER BY job_id;
SELECT description FROM jobs.show_jobs(ARRAY[:fits, :long]);

-- The list shows what is unfinished or finished within twelve hours, the
-- automatic jobs left out; ids show everything, each job once.
CALL test.wait_for(:fits, 'succeeded');
UPDATE jobs.job SET finished = now() - interval '13 hours' WHERE job_id = :fits;
UPDATE jobs.job SET automatic = true WHERE job_id = :long;
SELECT count(*) FROM jobs.show_jobs() WHERE job_id IN (:fits, :long);
SELECT count(*), count(DISTINCT job_id)
FROM jobs.show_jobs(ARRAY[:fits, :long, :fits, NULL, 123456789012]);
SELECT count(*) FROM jobs.show_jobs(NULL);
SELECT count(*) FROM jobs.show_jobs('{}');

-- Unfinished jobs come first, then those that finished last.
BEGIN;
SELECT jobs.submit('SELECT 1') AS pending \gset
SELECT job_id = :pending AS first FROM jobs.show_jobs() LIMIT 1;
SELECT bool_and(in_order) FROM (
	SELECT finished <= lag(finished) OVER () AS in_order
	FROM jobs.show_jobs() WHERE finished IS NOT NULL) AS pairs;
ROLLBACK;

-- Times are cut to the second in the list.
SELECT bool_and(created = date_trunc('second', created) AND finished = date_trunc('second', finished))
FROM jobs.show_jobs();
SELECT statement, trace_id, execution_errors FROM jobs.show_jobs(ARRAY[:fits]);

-- Whichever way the jobs are looked for: a user with few among many sees the
-- same, and one with many all of them.
BEGIN;
SET ROLE regress_jobs_bob;
SELECT jobs.submit('SELECT 1') AS mine \gset
SELECT array_agg(job_id ORDER BY job_id) AS few, count(*) AS nfew FROM jobs.show_jobs() \gset
RESET ROLE;
INSERT INTO jobs.job (job_id, job_type, description, statement, owner, state, database, arguments, cancelable, automatic, finished)
SELECT i, 'SQL', '', '', CURRENT_USER::regrole, 'succeeded', 0, '{}', true, false, clock_timestamp()
FROM generate_series(1000001, 1001001) i;
INSERT INTO jobs.message (job_id, kind, message)
SELECT i, 'state', 'succeeded' FROM generate_series(1000001, 1001001) i;
SET ROLE regress_jobs_bob;
SELECT array_agg(job_id ORDER BY job_id) = :'few' AS same, :of_group = ANY (array_agg(job_id)) AS of_group,
	   :mine = ANY (array_agg(job_id)) AS pending
FROM jobs.show_jobs();
SELECT count(*) FROM jobs.recent_job_ids() WHERE recent_job_ids > 1000000;
RESET ROLE;
INSERT INTO jobs.job (job_id, job_type, description, statement, owner, state, database, arguments, cancelable, automatic, finished)
SELECT i, 'SQL', '', '', 'regress_jobs_group', 'succeeded', 0, '{}', true, false, clock_timestamp() - (i % 2) * interval '1 day'
FROM generate_series(2000001, 2010001) i;
INSERT INTO jobs.message (job_id, kind, message, recorded)
SELECT i, 'state', 'succeeded', clock_timestamp() - (i % 2) * interval '1 day' FROM generate_series(2000001, 2010001) i;
SET ROLE regress_jobs_bob;
SELECT count(*) - :nfew AS more, count(DISTINCT job_id) = count(*) AS once FROM jobs.show_jobs();
RESET ROLE;
SELECT count(*) FROM jobs.show_jobs() WHERE job_id > 1000000;
ROLLBACK;
