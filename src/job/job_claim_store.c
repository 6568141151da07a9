/*-------------------------------------------------------------------------
 *
 * job_claim_store.c
 *	  What the coordinator does to many jobs at once.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_claim_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_store.h"
#include "compat.h"
#include "job/job_claim_store.h"
#include "job/job_error.h"
#include "job/job_state.h"

/*
 * Claim up to "limit" due jobs, the oldest first: pending jobs become running,
 * running and reverting ones that no worker has go on.  Their claims take the
 * generations from "first_generation" on.
 *
 * Returns the number of claims, which are in the current memory context.
 */
int
cj_job_claim(int limit, uint64 first_generation, TimestampTz server_start,
			 CjJobClaim **claims)
{
	static CjStatement claim = {
		"WITH due AS ("
		" SELECT job_id, state FROM jobs.job"
		" WHERE claim_generation IS NULL AND state IN ('pending', 'running', 'reverting')"
		"  AND (next_run IS NULL OR next_run <= clock_timestamp())"
		" ORDER BY job_id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED),"
		" numbered AS ("
		" SELECT job_id, state, $2 - 1 + row_number() OVER (ORDER BY job_id) AS generation"
		" FROM due),"
		" changed AS ("
		" UPDATE jobs.job j SET"
		"  state = CASE WHEN n.state = 'pending' THEN $4 ELSE n.state END,"
		"  started = coalesce(j.started, clock_timestamp()),"
		"  runs = j.runs + 1, next_run = NULL,"
		"  claim_server = $3, claim_generation = n.generation,"
		"  modified = clock_timestamp()"
		" FROM numbered n WHERE j.job_id = n.job_id"
		" RETURNING j.job_id, j.owner::oid, j.claim_generation, j.state, n.state AS old_state)"
		", logged AS (INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', state FROM changed WHERE state <> old_state)"
		" SELECT job_id, owner, claim_generation, old_state = 'pending'"
		" FROM changed ORDER BY job_id",
		4, {INT4OID, INT8OID, TIMESTAMPTZOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[4];
	uint64		nrows;

	cj_job_state_check(CJ_JOB_PENDING, CJ_JOB_RUNNING);

	cj_store_open(&scope, true);
	values[0] = Int32GetDatum(limit);
	values[1] = Int64GetDatum((int64) first_generation);
	values[2] = TimestampTzGetDatum(server_start);
	values[3] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_RUNNING));
	nrows = cj_store_run(&claim, values, NULL);

	*claims = MemoryContextAllocZero(scope.caller_context,
									 (nrows + 1) * sizeof(CjJobClaim));
	for (uint64 row = 0; row < nrows; row++)
	{
		CjJobClaim *c = &(*claims)[row];
		bool		isnull;

		c->id = DatumGetInt64(cj_store_value(row, 1, &isnull));
		c->owner = DatumGetObjectId(cj_store_value(row, 2, &isnull));
		c->generation = (uint64) DatumGetInt64(cj_store_value(row, 3, &isnull));
		c->fresh = DatumGetBool(cj_store_value(row, 4, &isnull));
	}
	cj_store_close(&scope);

	return (int) nrows;
}

/*
 * Give a claimed job back that no worker has begun with, to be claimed again
 * after "retry_delay" milliseconds.  A fresh one is as if it had never been
 * claimed.
 *
 * Returns false if somebody has locked the row: the claim still stands.
 */
bool
cj_job_claim_release(int64 id, uint64 generation, bool fresh, int retry_delay)
{
	static CjStatement release = {
		"WITH released AS ("
		" UPDATE jobs.job SET claim_server = NULL, claim_generation = NULL,"
		"  state = CASE WHEN $3 AND state = 'running' THEN 'pending' ELSE state END,"
		"  started = CASE WHEN NOT $3 THEN started END,"
		"  runs = greatest(runs - 1, 0),"
		"  next_run = CASE WHEN $4 > 0 THEN clock_timestamp() + $4 * interval '1 millisecond' END,"
		"  modified = clock_timestamp()"
		" WHERE job_id = (SELECT job_id FROM jobs.job"
		"  WHERE job_id = $1 AND claim_generation = $2 FOR NO KEY UPDATE SKIP LOCKED)"
		" RETURNING job_id),"
		" unlogged AS (DELETE FROM jobs.message WHERE $3 AND message_id ="
		"  (SELECT max(message_id) FROM jobs.message JOIN released USING (job_id)"
		"   WHERE kind = 'state' AND message = 'running'))"
		" SELECT FROM jobs.job WHERE job_id = $1 AND claim_generation = $2"
		"  AND NOT exists (SELECT FROM released)",
		4, {INT8OID, INT8OID, BOOLOID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[4];
	bool		released;

	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_PENDING);

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum((int64) generation);
	values[2] = BoolGetDatum(fresh);
	values[3] = Int32GetDatum(retry_delay);
	released = cj_store_run(&release, values, NULL) == 0;
	cj_store_close(&scope);

	return released;
}

/*
 * Take over a job whose worker ended without finishing it, because of "error".
 *
 * What it did was rolled back with the worker's transaction.  A running job
 * goes into its clean-up if it has something to "undo", else it has failed, and
 * so has a clean-up that nobody can do.  Requests are left to
 * cj_job_claim_settle_requests().
 *
 * Returns false if somebody has locked the row: the claim still stands.
 */
bool
cj_job_claim_lost(int64 id, uint64 generation, bool undo, const char *error,
				  int sqlerrcode)
{
	static CjStatement lost = {
		"WITH target AS ("
		" SELECT job_id, state = 'running' OR state = 'reverting' AND NOT $3 AS fails"
		" FROM jobs.job WHERE job_id = $1 AND claim_generation = $2"
		" FOR NO KEY UPDATE SKIP LOCKED),"
		" changed AS ("
		" UPDATE jobs.job j SET claim_server = NULL, claim_generation = NULL,"
		"  state = CASE WHEN fails THEN $4 ELSE state END,"
		"  outcome = CASE WHEN fails THEN 'failed' ELSE outcome END,"
		"  error = CASE WHEN fails THEN $5 ELSE error END,"
		"  sqlstate = CASE WHEN fails THEN $6 ELSE sqlstate END,"
		"  finished = CASE WHEN fails AND NOT $3 THEN clock_timestamp() END,"
		"  modified = clock_timestamp()"
		" FROM target WHERE j.job_id = target.job_id RETURNING j.job_id, state, fails),"
		" failed AS (INSERT INTO jobs.message (job_id, kind, sqlstate, message)"
		" SELECT job_id, 'error', $6, $5 FROM changed WHERE fails),"
		" logged AS (INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', state FROM changed WHERE fails)"
		" SELECT FROM jobs.job WHERE job_id = $1 AND claim_generation = $2"
		"  AND NOT exists (SELECT FROM changed)",
		6, {INT8OID, INT8OID, BOOLOID, TEXTOID, TEXTOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[6];
	CjJobState	to = undo ? CJ_JOB_REVERTING : CJ_JOB_FAILED;
	bool		taken;

	cj_job_state_check(CJ_JOB_RUNNING, to);

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum((int64) generation);
	values[2] = BoolGetDatum(undo);
	values[3] = CStringGetTextDatum(cj_job_state_name(to));
	values[4] = CStringGetTextDatum(cj_job_error_clip(error));
	values[5] = CStringGetTextDatum(unpack_sql_state(sqlerrcode));
	taken = cj_store_run(&lost, values, NULL) == 0;
	cj_store_close(&scope);

	return taken;
}

/*
 * Free the claims of workers that are gone: of an earlier start of the server,
 * or not among the "alive" generations.  Those jobs go on from where they
 * were.
 *
 * Returns false if somebody has locked one of the rows: call again.
 */
bool
cj_job_claim_free_stale(TimestampTz server_start, const uint64 *alive,
						int nalive)
{
	static CjStatement freeing = {
		"WITH stale AS MATERIALIZED ("
		" SELECT job_id FROM jobs.job WHERE claim_generation IS NOT NULL"
		"  AND (claim_server <> $1 OR claim_generation <> ALL ($2))),"
		" freed AS ("
		" UPDATE jobs.job SET claim_server = NULL, claim_generation = NULL,"
		"  modified = clock_timestamp()"
		" WHERE job_id IN (SELECT job_id FROM jobs.job"
		"  WHERE job_id IN (SELECT job_id FROM stale) FOR NO KEY UPDATE SKIP LOCKED)"
		" RETURNING job_id)"
		" SELECT job_id FROM stale EXCEPT SELECT job_id FROM freed",
		2, {TIMESTAMPTZOID, INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		values[2];
	Datum	   *generations;
	bool		all;

	cj_store_open(&scope, true);
	generations = palloc((nalive + 1) * sizeof(Datum));
	for (int i = 0; i < nalive; i++)
		generations[i] = Int64GetDatum((int64) alive[i]);
	values[0] = TimestampTzGetDatum(server_start);
	values[1] = PointerGetDatum(construct_array_builtin(generations, nalive,
														INT8OID));
	all = cj_store_run(&freeing, values, NULL) == 0;
	cj_store_close(&scope);

	return all;
}

/*
 * Move every unclaimed job from one state to another; only those that have
 * (started) or have not (never started) been taken up by a worker before, if
 * "started" is 1 or 0, all if it is -1.  Rows that a transaction has locked
 * are left for the next time.
 */
static void
settle(CjJobState from, CjJobState to, int started)
{
	static CjStatement update = {
		"WITH changed AS ("
		" UPDATE jobs.job SET state = $2,"
		"  outcome = CASE WHEN $3 THEN 'canceled' ELSE outcome END,"
		"  error = CASE WHEN $3 THEN $4 ELSE error END,"
		"  sqlstate = CASE WHEN $3 THEN $5 ELSE sqlstate END,"
		"  finished = CASE WHEN $6 THEN clock_timestamp() END,"
		"  modified = clock_timestamp()"
		" WHERE job_id IN (SELECT job_id FROM jobs.job"
		"  WHERE claim_generation IS NULL AND state = $1"
		"   AND state IN ('cancel-requested', 'pause-requested')"
		"   AND ($7 < 0 OR (started IS NOT NULL) = ($7 = 1))"
		"  FOR NO KEY UPDATE SKIP LOCKED)"
		" RETURNING job_id, state)"
		"INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', state FROM changed",
		7, {TEXTOID, TEXTOID, BOOLOID, TEXTOID, TEXTOID, BOOLOID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[7];

	cj_job_state_check(from, to);

	cj_store_open(&scope, true);
	values[0] = CStringGetTextDatum(cj_job_state_name(from));
	values[1] = CStringGetTextDatum(cj_job_state_name(to));
	values[2] = BoolGetDatum(from == CJ_JOB_CANCEL_REQUESTED);
	values[3] = CStringGetTextDatum(CJ_JOB_CANCELED_ERROR);
	values[4] = CStringGetTextDatum(unpack_sql_state(ERRCODE_QUERY_CANCELED));
	values[5] = BoolGetDatum(cj_job_state_is_terminal(to));
	values[6] = Int32GetDatum(started);
	cj_store_run(&update, values, NULL);
	cj_store_close(&scope);
}

/*
 * Is there a request for a job that no worker has?
 */
static bool
has_requests(void)
{
	static CjStatement probe = {
		"SELECT FROM jobs.job WHERE claim_generation IS NULL"
		" AND state IN ('cancel-requested', 'pause-requested') LIMIT 1",
		0
	};
	CjStoreScope scope;
	bool		found;

	cj_store_open(&scope, true);
	found = cj_store_run(&probe, NULL, NULL) > 0;
	cj_store_close(&scope);

	return found;
}

/*
 * Carry out the requests for jobs that no worker has.  A job that never
 * started is cancelled at once; one that did goes through its clean-up.
 *
 * Returns false if some are left, since their rows are locked.
 */
bool
cj_job_claim_settle_requests(void)
{
	if (!has_requests())
		return true;

	settle(CJ_JOB_CANCEL_REQUESTED, CJ_JOB_CANCELED, 0);
	settle(CJ_JOB_CANCEL_REQUESTED, CJ_JOB_REVERTING, 1);
	settle(CJ_JOB_PAUSE_REQUESTED, CJ_JOB_PAUSED, -1);
	return !has_requests();
}

/*
 * Fail the waiting jobs of owners as whom no worker can connect: dropped, or,
 * if "login_needed", not allowed to log in.  The server log tells of each.
 */
void
cj_job_claim_fail_ownerless(bool login_needed)
{
	static CjStatement fail = {
		"WITH changed AS ("
		" UPDATE jobs.job SET state = $1, outcome = 'failed',"
		"  error = format(CASE WHEN exists (SELECT FROM pg_roles WHERE oid = owner)"
		"   THEN 'role %s is not permitted to log in' ELSE 'role %s does not exist' END, owner),"
		"  sqlstate = $2, finished = clock_timestamp(), modified = clock_timestamp()"
		" WHERE job_id IN (SELECT job_id FROM jobs.job j"
		"  WHERE claim_generation IS NULL AND state IN ('pending', 'running', 'reverting')"
		"   AND NOT exists (SELECT FROM pg_roles r WHERE r.oid = j.owner"
		"    AND (r.rolcanlogin OR NOT $3))"
		"  FOR NO KEY UPDATE SKIP LOCKED)"
		" RETURNING job_id, state, error, sqlstate),"
		" logged AS (INSERT INTO jobs.message (job_id, kind, sqlstate, message)"
		"  SELECT job_id, 'error', sqlstate, error FROM changed"
		"  UNION ALL SELECT job_id, 'state', NULL, state FROM changed)"
		" SELECT job_id, error FROM changed",
		3, {TEXTOID, TEXTOID, BOOLOID}
	};
	CjStoreScope scope;
	Datum		values[3];
	uint64		nrows;

	cj_job_state_check(CJ_JOB_PENDING, CJ_JOB_FAILED);
	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_FAILED);
	cj_job_state_check(CJ_JOB_REVERTING, CJ_JOB_FAILED);

	cj_store_open(&scope, true);
	values[0] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_FAILED));
	values[1] = CStringGetTextDatum(unpack_sql_state(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION));
	values[2] = BoolGetDatum(login_needed);
	nrows = cj_store_run(&fail, values, NULL);
	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;
		int64		id = DatumGetInt64(cj_store_value(row, 1, &isnull));

		ereport(LOG,
				(errmsg("job %lld failed: %s", (long long) id,
						cj_store_text(&scope, row, 2))));
	}
	cj_store_close(&scope);
}

/*
 * Is a job due that nobody has claimed?
 */
bool
cj_job_claim_is_due(void)
{
	static CjStatement probe = {
		"SELECT FROM jobs.job"
		" WHERE claim_generation IS NULL AND state IN ('pending', 'running', 'reverting')"
		"  AND (next_run IS NULL OR next_run <= clock_timestamp()) LIMIT 1",
		0
	};
	CjStoreScope scope;
	bool		found;

	cj_store_open(&scope, true);
	found = cj_store_run(&probe, NULL, NULL) > 0;
	cj_store_close(&scope);

	return found;
}

/*
 * Milliseconds until the next job that nobody has claimed is due; 0 if one is
 * due now, -1 if there is none.
 */
long
cj_job_claim_next_due(void)
{
	static CjStatement next = {
		"SELECT ceil(extract(epoch FROM min(coalesce(next_run, clock_timestamp()))"
		"  - clock_timestamp()) * 1000)::bigint"
		" FROM jobs.job WHERE claim_generation IS NULL"
		"  AND state IN ('pending', 'running', 'reverting')",
		0
	};
	CjStoreScope scope;
	bool		isnull;
	int64		delay;

	cj_store_open(&scope, true);
	cj_store_run(&next, NULL, NULL);
	delay = DatumGetInt64(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	if (isnull)
		return -1;
	return (long) Min(Max(delay, 0), 3600 * 1000);
}
