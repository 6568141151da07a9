-- What the torture test's jobs and sessions use in each database: made by a
-- superuser, used by everyone.
CREATE EXTENSION cancel_job;
CREATE SCHEMA torture;
GRANT USAGE, CREATE ON SCHEMA torture TO PUBLIC;

-- A row for each job, written by the transaction that submitted it: who made a
-- job knows its token, and only the commit makes the pair known.
CREATE TABLE torture.submission (
	token text PRIMARY KEY,
	job_id bigint NOT NULL UNIQUE,
	kind text NOT NULL,
	plan jsonb NOT NULL,
	parent text
);

-- What jobs did, a row for each time, for good.
CREATE TABLE torture.effect (
	token text NOT NULL,
	what text NOT NULL,
	attempt text,
	began timestamptz NOT NULL DEFAULT transaction_timestamp(),
	ended timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON torture.effect (token);

-- Who asked what of which job, in the transaction that asked.
CREATE TABLE torture.control (verb text NOT NULL, job_id bigint NOT NULL);

-- A row for each schedule, written by the transaction that created it.
CREATE TABLE torture.schedule (
	schedule_id bigint PRIMARY KEY,
	label text NOT NULL UNIQUE,
	kind text NOT NULL,
	plan jsonb NOT NULL
);

-- What a schedule was like when somebody had done something to it, in the same
-- transaction, and which of its runs there were.
CREATE TABLE torture.mark (
	mark_id bigint GENERATED ALWAYS AS IDENTITY,
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	verb text NOT NULL,
	schedule_id bigint NOT NULL,
	there boolean NOT NULL,
	next_run timestamptz,
	due timestamptz,
	last_run bigint NOT NULL,
	last_failure timestamptz
);
CREATE FUNCTION torture.mark(verb text, ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	-- nobody else's mark, and no run, comes between this one and the commit
	PERFORM FROM jobs.schedule WHERE schedule_id = ANY (ids) ORDER BY schedule_id FOR UPDATE;
	INSERT INTO torture.mark (verb, schedule_id, there, next_run, due, last_run, last_failure)
	SELECT verb, t.schedule_id, s.schedule_id IS NOT NULL, s.next_run, s.due,
		   coalesce((SELECT max(run_id) FROM jobs.schedule_run r WHERE r.schedule_id = t.schedule_id), 0),
		   (SELECT max(j.finished) FROM jobs.schedule_run r JOIN jobs.job j USING (job_id)
			WHERE r.schedule_id = t.schedule_id AND r.outcome IN ('failed', 'canceled'))
	FROM torture.schedule t LEFT JOIN jobs.schedule s USING (schedule_id)
	WHERE t.schedule_id = ANY (ids);
END $$;

-- The token of a job that a schedule has made, for that job.
CREATE FUNCTION torture.token() RETURNS text LANGUAGE sql AS $$
	SELECT 'job ' || substring(current_setting('application_name') FROM '[0-9]+$');
$$;

CREATE TABLE torture.counter (n bigint NOT NULL);
INSERT INTO torture.counter VALUES (0);

CREATE TABLE torture.sink (line text);

CREATE TABLE torture.checked (token text, ok boolean NOT NULL);
CREATE FUNCTION torture.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NOT NEW.ok THEN
		RAISE EXCEPTION 'refused at commit' USING ERRCODE = 'CJ004';
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON torture.checked
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION torture.refuse();

CREATE TABLE torture.churn AS SELECT n, md5(n::text) AS filler FROM generate_series(1, 3000) n;

-- The beginning of each job: nothing of an earlier one is left in its session,
-- and no other run of it is under way.
CREATE FUNCTION torture.enter(token text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	left_over text;
BEGIN
	SELECT string_agg(what, ', ') INTO left_over FROM (
		SELECT 'prepared statement ' || name FROM pg_prepared_statements
		UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable
		UNION ALL SELECT 'advisory lock ' || objid FROM pg_locks
			WHERE locktype = 'advisory' AND pid = pg_backend_pid()
		UNION ALL SELECT 'temporary table ' || relname FROM pg_class
			WHERE relnamespace = pg_my_temp_schema()
		UNION ALL SELECT 'channel ' || c FROM pg_listening_channels() c
		UNION ALL SELECT 'setting ' || s FROM current_setting('torture.leak', true) s WHERE s <> ''
		UNION ALL SELECT 'role ' || current_user WHERE current_user <> session_user
	) l (what);
	IF left_over IS NOT NULL THEN
		RAISE EXCEPTION 'the session has still: %', left_over USING ERRCODE = 'CJ001';
	END IF;
	IF NOT pg_try_advisory_xact_lock(1, hashtext(enter.token)) THEN
		RAISE EXCEPTION 'the job runs twice at the same time' USING ERRCODE = 'CJ002';
	END IF;
END $$;

CREATE FUNCTION torture.work(token text, what text DEFAULT 'work', attempt text DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO torture.effect (token, what, attempt) VALUES (token, what, attempt);
$$;

-- A clean-up's work: takes back what the job has committed, and says so.
CREATE FUNCTION torture.undo(token text) RETURNS void LANGUAGE sql AS $$
	DELETE FROM torture.effect e WHERE e.token = undo.token AND what LIKE 'step %';
	INSERT INTO torture.effect (token, what) VALUES (token, 'undo');
$$;

-- Fails now and then.
CREATE FUNCTION torture.fail_sometimes(share double precision, code text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF random() < share THEN
		RAISE EXCEPTION 'not this time' USING ERRCODE = code;
	END IF;
END $$;

-- Ignores what wants to stop it, for a while.
CREATE FUNCTION torture.swallow(seconds double precision) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	until timestamptz := clock_timestamp() + seconds * interval '1 second';
BEGIN
	WHILE clock_timestamp() < until LOOP
		BEGIN
			PERFORM pg_sleep(0.05);
		EXCEPTION WHEN query_canceled THEN
			NULL;
		END;
	END LOOP;
END $$;

-- Commits step by step; each attempt begins at the first.
CREATE PROCEDURE torture.steps(token text, count integer, pause double precision)
LANGUAGE plpgsql AS $$
DECLARE
	attempt text := gen_random_uuid();
BEGIN
	FOR n IN 1 .. count LOOP
		PERFORM torture.enter(token);
		PERFORM torture.work(token, 'step ' || n, attempt);
		PERFORM jobs.report_progress(n::float8 / count, 'step ' || n);
		COMMIT;
		PERFORM pg_sleep(pause);
	END LOOP;
END $$;

-- The id of the job with this token.
CREATE FUNCTION torture.id_of(token text) RETURNS bigint LANGUAGE sql AS $$
	SELECT job_id FROM torture.submission s WHERE s.token = id_of.token;
$$;

-- A job that submits another one.
CREATE FUNCTION torture.submit_child(parent text, child text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO torture.submission (token, job_id, kind, plan, parent)
	VALUES (child, jobs.submit(format('SELECT torture.enter(%L); SELECT torture.work(%L)', child, child),
							   description => child), 'child', '{}', parent);
$$;

-- A job that controls another one of its owner's, whatever becomes of that.
CREATE FUNCTION torture.meddle(token text, verb text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	victim bigint;
BEGIN
	SELECT job_id INTO victim FROM jobs.jobs
	WHERE job_id <> torture.id_of(token) ORDER BY finished IS NOT NULL, random() LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	CASE verb
		WHEN 'cancel' THEN PERFORM jobs.cancel(victim, 'meddled');
		WHEN 'pause' THEN PERFORM jobs.pause(victim, 'meddled');
		ELSE PERFORM jobs.resume(victim);
	END CASE;
	INSERT INTO torture.control VALUES (verb, victim);
EXCEPTION WHEN object_not_in_prerequisite_state OR insufficient_privilege THEN
	NULL;
END $$;

-- Waits until so many jobs are at it at the same time; a sequence tells them of
-- each other, for what is uncommitted does not.
CREATE SEQUENCE torture.arrivals;
CREATE FUNCTION torture.meet(token text, count integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	until timestamptz := clock_timestamp() + interval '40 seconds';
BEGIN
	PERFORM nextval('torture.arrivals');
	WHILE (SELECT NOT is_called OR last_value < count FROM torture.arrivals) LOOP
		IF clock_timestamp() > until THEN
			RAISE EXCEPTION 'only % of % jobs run at the same time',
				(SELECT last_value FROM torture.arrivals), count USING ERRCODE = 'CJ006';
		END IF;
		PERFORM pg_sleep(0.02);
	END LOOP;
	PERFORM torture.work(token);
END $$;

-- Tables for automatic statistics, which autovacuum leaves alone, as it does trees of
-- tables; the statistics of the last one cannot be collected.
CREATE TABLE torture.rows_plain (n integer, filler text) WITH (autovacuum_enabled = false);
CREATE TABLE torture.rows_renewed (n integer, filler text) WITH (autovacuum_enabled = false);
CREATE TABLE torture.rows_parted (n integer, filler text) PARTITION BY RANGE (n);
CREATE TABLE torture.rows_low PARTITION OF torture.rows_parted FOR VALUES FROM (MINVALUE) TO (500)
	WITH (autovacuum_enabled = false);
CREATE TABLE torture.rows_high PARTITION OF torture.rows_parted FOR VALUES FROM (500) TO (MAXVALUE)
	WITH (autovacuum_enabled = false);
CREATE TABLE torture.rows_parent (n integer, filler text) WITH (autovacuum_enabled = false);
CREATE TABLE torture.rows_child () INHERITS (torture.rows_parent) WITH (autovacuum_enabled = false);
CREATE TABLE torture.rows_broken (n integer, filler text) WITH (autovacuum_enabled = false);
CREATE FUNCTION torture.sessions_only(n integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('application_name') LIKE 'cancel_job %' THEN
		RAISE EXCEPTION 'no statistics of this' USING ERRCODE = 'CJ007';
	END IF;
	RETURN n;
END $$;
CREATE INDEX ON torture.rows_broken (torture.sessions_only(n));
ALTER TABLE torture.rows_plain OWNER TO alice;
ALTER TABLE torture.rows_renewed OWNER TO alice;
ALTER TABLE torture.rows_parted OWNER TO bob;
ALTER TABLE torture.rows_low OWNER TO bob;
ALTER TABLE torture.rows_high OWNER TO carol;
ALTER TABLE torture.rows_parent OWNER TO dave;
ALTER TABLE torture.rows_broken OWNER TO carol;

GRANT ALL ON ALL TABLES IN SCHEMA torture TO PUBLIC;
