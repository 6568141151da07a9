-- How far jobs are, and were.  OFFSET as in jobs.messages.
CREATE VIEW jobs.progress_history WITH (security_barrier) AS
SELECT p.point_id, j.job_id, p.recorded, p.fraction AS progress_fraction
FROM jobs.job j CROSS JOIN LATERAL (
		SELECT s.point_id, s.recorded, s.fraction
		FROM jobs.progress_point s WHERE s.job_id = j.job_id OFFSET 0) p
WHERE ((SELECT jobs.may_see_all()) OR pg_catalog.pg_has_role(j.owner, 'USAGE'));

COMMENT ON VIEW jobs.progress_history IS 'how far the jobs were that the current user may see, at which time';
COMMENT ON COLUMN jobs.progress_history.point_id IS 'orders the points of a job';
COMMENT ON COLUMN jobs.progress_history.job_id IS 'the job';
COMMENT ON COLUMN jobs.progress_history.recorded IS 'when it was so far';
COMMENT ON COLUMN jobs.progress_history.progress_fraction IS 'part of the work that was done, 0 to 1';

CREATE FUNCTION jobs.job_messages(job_id bigint,
	OUT recorded timestamptz, OUT kind text, OUT message text)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT m.recorded, m.kind, m.message
	FROM jobs.messages m
	WHERE m.job_id = job_messages.job_id
	ORDER BY m.message_id DESC;
END;
COMMENT ON FUNCTION jobs.job_messages(bigint) IS
'what happened to a job and what it said, the newest first; none of a job that does not exist or that the current user may not see';

-- resolved is for change feeds, and null for everything else.
CREATE FUNCTION jobs.job_progress_history(job_id bigint,
	OUT recorded timestamptz, OUT progress_fraction double precision,
	OUT resolved numeric)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
	SELECT p.recorded, p.progress_fraction, NULL::numeric
	FROM jobs.progress_history p
	WHERE p.job_id = job_progress_history.job_id
	ORDER BY p.point_id DESC;
END;
COMMENT ON FUNCTION jobs.job_progress_history(bigint) IS
'how far a job was at which time, the newest first; none of a job that does not exist or that the current user may not see';

CREATE FUNCTION jobs.bar(fraction double precision) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN pg_catalog.concat(
	pg_catalog.repeat(
		CASE WHEN jobs.client_has_unicode()
			THEN pg_catalog.convert_from('\xe29688', pg_catalog.getdatabaseencoding())
			ELSE '#' END, pg_catalog.floor(fraction * 20)::integer),
	pg_catalog.repeat(
		CASE WHEN jobs.client_has_unicode()
			THEN pg_catalog.convert_from('\xe29691', pg_catalog.getdatabaseencoding())
			ELSE '.' END, 20 - pg_catalog.floor(fraction * 20)::integer),
	pg_catalog.lpad(pg_catalog.floor(fraction * 100)::text, 4), ' %');
COMMENT ON FUNCTION jobs.bar(double precision) IS
'a bar that shows a fraction from 0 to 1: 20 characters and the percentage';

-- The rate is that of the last five minutes of this attempt; before there is
-- anything to compare with, and after a standstill, that since the attempt began,
-- of a job that began at 0.  Numerics, since a tiny double is an error where it is
-- divided.
CREATE VIEW jobs.progress WITH (security_barrier) AS
SELECT p.job_id, p.job_type, p.description, p.user_name, p.status, p.running_status,
	   jobs.bar(p.fraction::double precision) AS bar,
	   pg_catalog.round(p.rate * 6000, 2) AS percent_per_minute,
	   CASE WHEN p.rate > 0 AND (1 - p.fraction) / p.rate < 1000000000
			THEN pg_catalog.make_interval(secs => pg_catalog.ceil((1 - p.fraction) / p.rate)::double precision)
			END AS time_left,
	   pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - p.began) AS running_for
FROM (SELECT j.job_id, j.job_type, jobs.short_description(j.description) AS description,
			 pg_catalog.pg_get_userbyid(j.owner) AS user_name, j.state AS status,
			 jobs.one_line(coalesce(l.status, j.status)) AS running_status,
			 f.fraction, b.began,
			 CASE WHEN f.fraction > h.fraction
				  THEN (f.fraction - h.fraction) /
					   greatest(extract(epoch FROM pg_catalog.clock_timestamp() - h.recorded), 0.001)
				  WHEN f.fraction > 0 AND j.checkpoint IS NULL
				  THEN f.fraction /
					   greatest(extract(epoch FROM pg_catalog.clock_timestamp() - b.began), 0.001)
				  END AS rate
	  FROM jobs.live() l
		   JOIN jobs.job j ON j.job_id = l.job_id AND j.claim_generation = l.generation
		   CROSS JOIN LATERAL (SELECT coalesce(l.fraction, j.fraction, l.server_fraction)::numeric AS fraction) f
		   CROSS JOIN LATERAL (
				SELECT coalesce(max(m.recorded), j.started) AS began FROM jobs.message m
				WHERE m.job_id = j.job_id AND m.kind IN ('state', 'error')) b
		   LEFT JOIN LATERAL (
				SELECT p.recorded, p.fraction::numeric AS fraction FROM jobs.progress_point p
				WHERE p.job_id = j.job_id
				  AND p.recorded >= greatest(b.began, pg_catalog.clock_timestamp() - interval '5 minutes')
				ORDER BY p.point_id LIMIT 1) h ON true
	  WHERE ((SELECT jobs.may_see_all()) OR pg_catalog.pg_has_role(j.owner, 'USAGE'))) p;

COMMENT ON VIEW jobs.progress IS 'the running jobs that the current user may see, with a bar and an estimate';
COMMENT ON COLUMN jobs.progress.job_id IS 'id of the job';
COMMENT ON COLUMN jobs.progress.job_type IS 'what the job does, for example SQL';
COMMENT ON COLUMN jobs.progress.description IS 'one line for people, shortened as SHOW JOBS does';
COMMENT ON COLUMN jobs.progress.user_name IS 'owner of the job';
COMMENT ON COLUMN jobs.progress.status IS 'state of the job';
COMMENT ON COLUMN jobs.progress.running_status IS 'what the job says it is doing';
COMMENT ON COLUMN jobs.progress.bar IS 'part of the work that is done, drawn; null if neither the job nor the server says';
COMMENT ON COLUMN jobs.progress.percent_per_minute IS 'how much of the work is done in a minute';
COMMENT ON COLUMN jobs.progress.time_left IS 'when the job will be done if it goes on like that';
COMMENT ON COLUMN jobs.progress.running_for IS 'time since the job took its state, or began this attempt';
