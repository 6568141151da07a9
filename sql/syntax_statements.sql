--
-- CANCEL, PAUSE, RESUME and SHOW as statements: forms and command tags.
--
\set QUIET off
CREATE TABLE test.no_ids (id bigint);

-- Jobs that wait for their cancel; ids are never printed.
SELECT jobs.submit('SELECT pg_sleep(600)', description => 'first') AS one,
	jobs.submit('SELECT pg_sleep(600)', description => 'second') AS two,
	jobs.submit('SELECT pg_sleep(600)', description => 'third') AS three \gset

-- Every form, and its tag.  A repeated request counts, NULL does not.
PAUSE JOB :one;
CALL test.wait_for(:one, 'paused');
PAUSE JOB :one;
RESUME JOB :one;
CALL test.wait_for(:one, 'running');
PAUSE JOBS VALUES (:one), (:two);
CALL test.wait_for(:one, 'paused');
CALL test.wait_for(:two, 'paused');
RESUME JOBS (SELECT job_id FROM jobs.jobs WHERE description IN ('first', 'second'));
CANCEL JOB :one;
CALL test.wait_for(:one, 'canceled');
CANCEL JOB :one;
CANCEL JOBS VALUES (:one), (:one), (NULL), (:two);
CANCEL JOBS SELECT job_id FROM jobs.jobs WHERE description = 'none such';
CANCEL JOB NULL;
CALL test.wait_for(:two, 'canceled');

-- Expressions.
CANCEL JOB :'one';
CANCEL JOB (:one);
CANCEL JOB :one + 0;
CANCEL JOB :one::int;
CANCEL JOB :one::smallint;
CANCEL JOB -(-:one);
CANCEL JOB (SELECT max(job_id) FROM jobs.jobs WHERE description = 'first');
CANCEL JOB CASE WHEN 1 IS DISTINCT FROM 2 THEN :one END;
CANCEL JOB coalesce(NULL, :one);

-- Queries.
CANCEL JOBS TABLE test.no_ids;
CANCEL JOBS (((SELECT :one)));
CANCEL JOBS SELECT :'one';
CANCEL JOBS WITH x AS (SELECT :one AS id) SELECT id FROM x;
CANCEL JOBS SELECT :one UNION ALL SELECT :two ORDER BY 1;
CANCEL JOBS (SELECT job_id FROM [SHOW JOBS] WHERE description IN ('first', 'second'));

-- Case, white space and comments.
cancel job :one;
CaNcEl JoBs VALUES (:one);
cancel
	job
		:one
;
/* before */ CANCEL /* between */ JOB /* operand */ :one /* after */;
-- a comment; CANCEL JOB 1
CANCEL -- with a "quote
JOB :one; -- and another
PAUSE/**/JOB/**/:three;
CALL test.wait_for(:three, 'paused');
RESUME/**/JOBS(SELECT :three);
CALL test.wait_for(:three, 'running');

-- SHOW, as statement and as row source.
SHOW JOB :one \gset
SELECT :'description' AS description, :'status' AS status, :'error' AS error;
SHOW JOBS SELECT :one \gset
SELECT :'description' AS description;
SHOW JOBS \g | grep -c ' second '
SHOW JOB :one \g | tail -n 2
SHOW JOBS VALUES (:one), (:two), (:one) \g | tail -n 2
SHOW JOB NULL \g | tail -n 2
SHOW JOB -1 \g | tail -n 2
SHOW/**/JOBS \g | tail -n 2 | sed 's/[0-9][0-9]*/n/'
SHOW JOB WHEN COMPLETE :one \gset
SELECT :'description' AS description, :'status' AS status;
SHOW JOBS WHEN COMPLETE VALUES (:one), (:two), (:one) \g | tail -n 2
SHOW JOBS WHEN COMPLETE SELECT job_id FROM [SHOW JOBS] WHERE description IN ('first', 'second') \g | tail -n 2
SHOW JOB WHEN COMPLETE NULL \g | tail -n 2
show/**/job/**/when -- a comment
	complete (SELECT -1) \g | tail -n 2
SELECT 'before' \; SHOW JOB WHEN COMPLETE -1 \g | tail -n 2
SELECT description, status FROM [SHOW JOB WHEN COMPLETE :one];
SELECT description FROM [SHOW JOBS WHEN COMPLETE VALUES (:one), (:two)] AS j ORDER BY 1;
SELECT description FROM [ show jobs when complete (SELECT job_id FROM [SHOW JOB WHEN COMPLETE :two]) ];
SELECT CASE WHEN complete THEN 'case' END AS "when" FROM (VALUES (true)) AS complete (complete);
SELECT description, status FROM [SHOW JOB :one];
SELECT description FROM [SHOW JOBS VALUES (:one), (:two)] ORDER BY 1;
SELECT description FROM [ SHOW JOBS SELECT job_id FROM [SHOW JOBS] j WHERE j.description = 'second' ];
SELECT job_type, description, user_name = current_user AS mine FROM [SHOW JOBS] WHERE job_id = :one;
SELECT j.description FROM [SHOW JOBS] AS j WHERE j.job_id = :one;
SELECT show_jobs.description FROM [SHOW JOBS] WHERE show_jobs.job_id = :one;
SELECT id FROM [SHOW JOB :one] AS j (id) WHERE id <> :one;
SELECT a.description, b.description FROM [SHOW JOBS] a JOIN [SHOW JOBS] b USING (job_id) WHERE job_id = :one;
SELECT x, description FROM generate_series(1, 2) x, [SHOW JOB :one];
WITH j AS (SELECT * FROM [SHOW JOBS]) SELECT description FROM j WHERE job_id = :one;
SELECT (SELECT description FROM [SHOW JOB :one]) || '!' AS description;
SELECT 1 AS found WHERE EXISTS (SELECT FROM [show/**/jobs] WHERE job_id = :one);
TABLE [SHOW JOB -1];
SELECT description FROM (SELECT * FROM [SHOW JOB :one]) x UNION ALL SELECT description FROM [SHOW JOB :two];

CANCEL JOB :three;
DROP TABLE test.no_ids;
