-- Cron: when a schedule runs.  Each rule of the dialect and each error.
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- the next runs of a recurrence, as a clock in the schedule's zone shows them
CREATE FUNCTION pg_temp.runs(recurrence text, after text, count integer DEFAULT 3, zone text DEFAULT 'UTC')
RETURNS SETOF text LANGUAGE sql AS $$
	SELECT to_char(r AT TIME ZONE zone, 'Dy DD Mon YYYY HH24:MI:SS')
	FROM jobs.next_runs(recurrence, count, (after || '+00')::timestamptz, zone) r
$$;

-- fields: values, lists, ranges, steps, names
SELECT recurrence, string_agg(run, ', ') AS runs
FROM (VALUES
	(1, '* * * * *'),
	(2, '? ? ? ? ?'),
	(3, '5 * * * *'),
	(4, '5,10,50-52 * * * *'),
	(5, '*/20 * * * *'),
	(6, '10/20 * * * *'),
	(7, '10-40/15 * * * *'),
	(8, '*/100 * * * *'),
	(9, '007 04 * * *'),
	(10, '0 22-23 * * *'),
	(11, '0 0 15 * ?'),
	(12, '0 0 31 * *'),
	(13, '0 0 30 * *'),
	(14, '0 0 1 jan,Jul *'),
	(15, '0 0 1 OCT-DEC *'),
	(16, '0 0 1 feb/5 *'),
	(17, '0 0 * * MON-fri'),
	(18, '0 0 * * sun,6'),
	(19, '59 23 31 12 *'),
	(20, E'  0\t0  1 1\n*  '),
	(21, '@yearly'),
	(22, '@annually'),
	(23, '@monthly'),
	(24, '@weekly'),
	(25, '@daily'),
	(26, '@midnight'),
	(27, '@hourly')) AS c(n, recurrence),
	LATERAL pg_temp.runs(recurrence, '2026-01-30 23:58:30') WITH ORDINALITY AS r(run, nth)
GROUP BY n, recurrence ORDER BY n;

-- both day fields: either is enough if both are restricted, and a star with a
-- step restricts, but one with the step 1 does not
SELECT recurrence, string_agg(run, ', ') AS runs
FROM (VALUES
	(1, '0 0 13 * FRI'),
	(2, '0 0 13 * *'),
	(3, '0 0 * * FRI'),
	(4, '0 0 13 * */1'),
	(5, '0 0 13 * */3'),
	(6, '0 0 */10 * FRI'),
	(7, '0 0 13,* * FRI'),
	(8, '0 0 13 * 0-6')) AS c(n, recurrence),
	LATERAL pg_temp.runs(recurrence, '2026-02-01 00:00:00', 4) WITH ORDINALITY AS r(run, nth)
GROUP BY n, recurrence ORDER BY n;

-- strictly after, to the microsecond
SELECT jobs.next_run('0 12 * * *', '2026-05-01 11:59:59.999999+00'),
	jobs.next_run('0 12 * * *', '2026-05-01 12:00:00+00'),
	jobs.next_run('0 12 * * *', '1969-12-31 11:59:59.999999+00');

-- leap days
SELECT * FROM pg_temp.runs('0 0 29 2 *', '2023-03-01 00:00:00');
SELECT * FROM pg_temp.runs('0 0 29 2 *', '2092-03-01 00:00:00', 2);
SELECT * FROM pg_temp.runs('0 0 29 feb MON', '2025-02-20 00:00:00', 2);

-- the clock is put forward: what it leaves out runs once, at once
SELECT * FROM pg_temp.runs('30 2 * * *', '2026-03-27 12:00:00', 3, 'Europe/Berlin');
SELECT * FROM pg_temp.runs('*/10 2 * * *', '2026-03-29 00:00:00', 3, 'Europe/Berlin');
SELECT * FROM pg_temp.runs('0 2,3 * * *', '2026-03-29 00:00:00', 2, 'Europe/Berlin');
SELECT * FROM pg_temp.runs('0 0 * * *', '2018-11-02 12:00:00', 3, 'America/Sao_Paulo');
SELECT * FROM pg_temp.runs('0 12 30 12 *', '2011-01-01 00:00:00', 2, 'Pacific/Apia');
-- put back: what comes twice runs once, the first time
SELECT * FROM jobs.next_runs('30 2 * * *', 3, '2026-10-23 12:00+00', 'Europe/Berlin');
SELECT * FROM jobs.next_runs('30 2 * * *', 1, '2026-10-25 01:00+00', 'Europe/Berlin');
SELECT * FROM jobs.next_runs('*/20 1-3 * * *', 9, '2026-10-24 22:50+00', 'Europe/Berlin');
-- a schedule for every hour goes by elapsed time
SELECT * FROM jobs.next_runs('7 * * * *', 3, '2026-03-28 23:30+00', 'Europe/Berlin');
SELECT * FROM jobs.next_runs('7 * * * *', 4, '2026-10-24 22:30+00', 'Europe/Berlin');
-- of which a change by half an hour would take a run
SELECT * FROM jobs.next_runs('15 * * * *', 3, '2026-10-03 14:00+00', 'Australia/Lord_Howe');
-- an offset that is no whole minute
SELECT jobs.next_run('0 12 * * *', '1900-01-01 00:00+00', 'Europe/Amsterdam') AT TIME ZONE 'Europe/Amsterdam';

-- the zone: an argument, or in the text
SELECT jobs.next_run('0 12 * * *', '2026-07-01 00:00+00'),
	jobs.next_run('0 12 * * *', '2026-07-01 00:00+00', 'Asia/Kolkata'),
	jobs.next_run('CRON_TZ=Asia/Kolkata 0 12 * * *', '2026-07-01 00:00+00'),
	jobs.next_run('TZ=asia/kolkata   @daily', '2026-07-01 00:00+00'),
	jobs.next_run('TZ=Asia/Kolkata 0 12 * * *', '2026-07-01 00:00+00', 'asia/KOLKATA');
-- not the session's
SET timezone = 'America/New_York';
SELECT jobs.next_run('0 12 * * *', '2026-07-01 00:00+00') AT TIME ZONE 'UTC',
	jobs.next_run('@at 2026-07-01 12:00', '2026-07-01 00:00+00') AT TIME ZONE 'UTC';
SET timezone = 'UTC';

-- intervals, counted from "after" and on full seconds
SELECT jobs.next_run('@every 10s', '2026-05-01 00:00:00.75+00'),
	jobs.next_run('@every 1h30m', '2026-05-01 00:00+00'),
	jobs.next_run('@every 1.5h', '2026-05-01 00:00+00'),
	jobs.next_run('@every .5m', '2026-05-01 00:00+00'),
	jobs.next_run('@every 1500ms500000us', '2026-05-01 00:00+00');
SELECT * FROM jobs.next_runs('@every 1s', 3, '1999-12-31 23:59:58+00');

-- once
SELECT recurrence, jobs.next_run(recurrence, '2026-01-01', 'Europe/Berlin')
FROM (VALUES ('@at 2026-12-24'), ('@at 2026-12-24 18:00'), ('@at 2026-12-24T18:00:05'),
	('@at 2026-12-24 18:00:05.25'), ('@at 2026-12-24 18:00:00Z'), ('@at 2026-12-24 18:00:00-05'),
	('@at 2026-12-24 18:00:00 +05:30'), ('@at 2026-12-24 18:00:00+0530'),
	('@at 2026-03-29 02:30:00.5'), ('@at 2026-10-25 02:30'), ('@at 2028-02-29')) AS c(recurrence);
SELECT * FROM jobs.next_runs('@at 2026-12-24', 5, '2026-01-01');
SELECT jobs.next_run('@at 2026-12-24', '2026-12-24+00') IS NULL AS over;
SELECT jobs.next_run('@at ' || '2026-12-24 18:00:00.123456+01'::timestamptz, '2026-01-01');

-- the ends of time
SELECT jobs.next_run('* * * * *', 'infinity') IS NULL AS infinity,
	jobs.next_run('* * * * *', '294276-12-31 23:59:00+00') IS NULL AS fields,
	jobs.next_run('@every 1s', '294276-12-31 23:59:59+00') IS NULL AS every,
	jobs.next_run('@every 2000000h', '294276-01-01') IS NULL AS far,
	jobs.next_run('0 0 29 2 *', '-infinity');
SELECT count(*) FROM jobs.next_runs('* * * * *', 10, '294276-12-31 23:50:00+00');

-- nulls and bounds
SELECT jobs.next_run(NULL, now()) IS NULL AS recurrence, jobs.next_run('@daily', NULL) IS NULL AS after,
	jobs.next_run('@daily') = date_trunc('day', now(), 'UTC') + interval '1 day' AS now;
SELECT count(*) FROM jobs.next_runs(NULL, 3);
SELECT count(*) FROM jobs.next_runs('@daily', NULL);
SELECT count(*) FROM jobs.next_runs('@daily', 0);
SELECT count(*) FROM jobs.next_runs('@daily', -1);
SELECT count(*) FROM jobs.next_runs('@hourly', 1000);

-- what is refused, and how
CREATE FUNCTION pg_temp.refusal(recurrence text, zone text DEFAULT NULL)
RETURNS TABLE (code text, message text, detail text) LANGUAGE plpgsql AS $$
BEGIN
	message := 'accepted: ' || jobs.next_run(recurrence, '2026-01-01', zone);
	RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL;
	RETURN NEXT;
END
$$;

SELECT * FROM pg_temp.refusal('x');
SELECT * FROM pg_temp.refusal('x', 'Nowhere/Land');

SELECT recurrence, code, detail
FROM (VALUES
	-- how many fields
	(''), ('   '), ('*'), ('* * * *'), ('* * * * * *'), ('0 0 0 1 1 * 2026'),
	-- bounds
	('60 * * * *'), ('* 24 * * *'), ('* * 0 * *'), ('* * 32 * *'), ('* * * 0 *'), ('* * * 13 *'),
	('* * * * 7'), ('99999999999999999999 * * * *'), ('* 5-24 * * *'),
	-- values
	('a * * * *'), ('jan * * * *'), ('* * mon * *'), ('* * * mon *'), ('* * * january *'),
	('* * * * jan'), ('-1 * * * *'), ('+1 * * * *'), ('1.5 * * * *'), ('1a * * * *'), ('* ü * * *'),
	-- lists, ranges, steps
	(', * * * *'), ('1,,2 * * * *'), ('1, * * * *'), ('1- * * * *'), ('1-2-3 * * * *'),
	('* 5-3 * * *'), ('* * * DEC-JAN *'), ('*-5 * * * *'), ('** * * * *'), ('1* * * * *'),
	('*/0 * * * *'), ('*/ * * * *'), ('*/x * * * *'), ('*/-1 * * * *'), ('*/2/3 * * * *'),
	('/2 * * * *'), ('* * ?5 * *'),
	-- other dialects
	('@reboot'), ('0 0 L * *'), ('0 0 15W * *'), ('0 0 * * 5#2'), ('0 0 * * 5L'), ('H * * * *'), ('NEVER'),
	-- descriptors
	('@'), ('@Daily'), ('@dailyx'), ('@daily 5'), ('* * * * * @daily'),
	-- never
	('0 0 30 2 *'), ('0 0 30,31 feb *'), ('0 0 31 2,4,6,9,11 *'), ('CRON_TZ=Asia/Tokyo 0 0 31 4/5 ?'),
	-- intervals
	('@every'), ('@every 10'), ('@every s'), ('@every .s'), ('@every 1d'), ('@every 1 day'),
	('@every 1h 30m'), ('@every 1h30'), ('@every -5s'), ('@every 0s'), ('@every 500ms'),
	('@every 1.5s'), ('@every 3000000h'), ('@every 99999999999999999999s'), ('@every 1H'),
	('@every 5µs'),
	-- once
	('@at'), ('@at tomorrow'), ('@at now'), ('@at infinity'), ('@at 2026-02-29'), ('@at 2026-13-01'),
	('@at 2026-1-1'), ('@at 24.12.2026'), ('@at 12/24/2026'), ('@at 2026-12-24 24:00'),
	('@at 2026-12-24 18'), ('@at 2026-12-24 18:00:60'), ('@at 2026-12-24 18:00 CET'),
	('@at 2026-12-24 18:00:00.'), ('@at 2026-12-24 18:00:00.1234567'), ('@at 2026-12-24 18:00+1'),
	('@at 2026-12-24 18:00+01:6'), ('@at 2026-12-24 18:00+17'), ('@at 2026-12-24 18:00 +01 x'),
	('@at 294277-01-01'), ('@at 999999-12-31 00:00-15'),
	-- zones in the text
	('CRON_TZ='), ('TZ= * * * * *'), ('TZ=UTC'), ('CRON_TZ=UTC'), ('CRON_TZ=Nowhere/Land * * * * *'),
	('tz=UTC * * * * *'), ('CRON_TZ=UTC TZ=UTC * * * * *'), ('TZ=../../etc/passwd @daily'),
	('TZ=EST5EDT4 @daily'), ('TZ=<+03>-3 @daily'), ('TZ=FOO+3 @daily')
	) AS c(recurrence), LATERAL pg_temp.refusal(recurrence);

-- zones beside the text
SELECT code, message, detail
FROM (VALUES (''), (' '), ('Nowhere/Land'), (repeat('x', 300)), ('FOO+3'), ('UTC')) AS c(zone),
	LATERAL pg_temp.refusal('TZ=Asia/Tokyo @daily', zone);

-- length: a text of 1024 bytes is read to its end, a longer one is not
SELECT length(recurrence), jobs.next_run(recurrence, '2026-01-01')
FROM (SELECT rpad('0', 1015, ',0') || ' 0  1 1 *' AS recurrence) c;
SELECT * FROM pg_temp.refusal(rpad('0', 1015, ',0') || ' 0   1 1 *');
SELECT * FROM pg_temp.refusal(repeat('ü', 1000));

-- a constant for the planner, and callable by everybody in parallel
SELECT proname, provolatile, proparallel, proisstrict FROM pg_proc
WHERE pronamespace = 'jobs'::regnamespace AND proname IN ('next_run', 'next_runs') ORDER BY 1;
CREATE ROLE schedule_cron_user;
SET ROLE schedule_cron_user;
SELECT jobs.next_run('@yearly', '2026-05-05');
RESET ROLE;
DROP ROLE schedule_cron_user;
