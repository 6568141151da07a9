-- What the other tests use: the extension, roles, and helpers in schema test.

SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_jobs_alice, regress_jobs_bob, regress_jobs_group,
	regress_jobs_admin;
RESET client_min_messages;
CREATE ROLE regress_jobs_alice LOGIN;
CREATE ROLE regress_jobs_bob LOGIN;
CREATE ROLE regress_jobs_group LOGIN;
CREATE ROLE regress_jobs_admin LOGIN SUPERUSER;
GRANT regress_jobs_group TO regress_jobs_bob;

-- A rolled-back CREATE EXTENSION leaves nothing; then it is made in earnest.
BEGIN;
CREATE EXTENSION cancel_job;
ROLLBACK;
SELECT to_regnamespace('jobs');
CREATE EXTENSION cancel_job;
SELECT extname, extversion FROM pg_extension WHERE extname = 'cancel_job';

CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO PUBLIC;

-- Waits until a condition holds; each look is a transaction of its own, so that
-- nothing waits for ours.
CREATE PROCEDURE test.wait_until(condition text) LANGUAGE plpgsql AS $$
DECLARE
	give_up timestamptz := clock_timestamp() + interval '60 seconds';
	holds boolean;
BEGIN
	LOOP
		EXECUTE 'SELECT ' || condition INTO holds;
		EXIT WHEN holds;
		IF clock_timestamp() > give_up THEN
			RAISE EXCEPTION 'this did not become true: %', condition
				USING DETAIL = coalesce((SELECT string_agg(j::text, E'\n') FROM jobs.jobs j
										 WHERE finished IS NULL), 'no unfinished job');
		END IF;
		COMMIT;
		PERFORM pg_sleep(0.005);
	END LOOP;
END $$;

-- Waits until a job is in a state.
CREATE PROCEDURE test.wait_for(job bigint, state text) LANGUAGE plpgsql AS $$
DECLARE
	give_up timestamptz := clock_timestamp() + interval '60 seconds';
	now_in text;
BEGIN
	LOOP
		SELECT status INTO now_in FROM jobs.jobs WHERE job_id = job;
		EXIT WHEN now_in = state;
		IF clock_timestamp() > give_up THEN
			RAISE EXCEPTION 'the job is %, not %', now_in, state
				USING DETAIL = coalesce((SELECT j::text FROM jobs.jobs j WHERE job_id = job), 'no such job');
		END IF;
		COMMIT;
		PERFORM pg_sleep(0.005);
	END LOOP;
END $$;

-- Waits until somebody waits for an advisory lock, which tests hold jobs at.
CREATE PROCEDURE test.wait_for_gate(gate bigint) LANGUAGE plpgsql AS $$
BEGIN
	CALL test.wait_until(format('EXISTS (SELECT FROM pg_locks WHERE locktype = ''advisory'' AND objid = %s AND NOT granted)', gate));
END $$;

-- What a command returns, or its error; numbers are not shown.
CREATE FUNCTION test.try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	code text;
	message text;
BEGIN
	EXECUTE command INTO result;
	RETURN coalesce(result, 'null');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN code || ': ' || regexp_replace(message, '\d+', 'N', 'g');
END $$;

-- The states that a job has been in.
CREATE FUNCTION test.states(job bigint) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(message, ' ' ORDER BY message_id)
	FROM jobs.messages WHERE job_id = job AND kind = 'state'
$$;

-- What a job said.
CREATE FUNCTION test.output(job bigint)
RETURNS TABLE (kind text, sqlstate text, message text) LANGUAGE sql AS $$
	SELECT kind, sqlstate, message FROM jobs.messages
	WHERE job_id = job AND kind <> 'state' ORDER BY message_id
$$;

-- Says something, as a notice.
CREATE FUNCTION test.say(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE '%', what;
END $$;

-- The job that calls this.
CREATE FUNCTION test.my_job() RETURNS bigint LANGUAGE sql AS $$
	SELECT substring(current_setting('application_name') FROM '\d+$')::bigint
$$;

-- Makes a job one that a schedule has made; for superusers.
CREATE FUNCTION test.made_by_schedule(job bigint, schedule bigint) RETURNS void LANGUAGE sql AS $$
	UPDATE jobs.job SET created_by_type = 'crdb_schedule', created_by_id = schedule WHERE job_id = made_by_schedule.job
$$;

-- A first job.
SELECT jobs.submit('SELECT 1') AS job \gset
CALL test.wait_for(:job, 'succeeded');
SELECT test.states(:job);
