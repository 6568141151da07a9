/*-------------------------------------------------------------------------
 *
 * job_claim_store.c
 *	  Claims: taken for workers, given back, freed when a worker is gone.
 *
 * Only the coordinator calls this.  What jobs may be claimed is the business
 * of job_queue_store.c.
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
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_guc.h"
#include "base/base_store.h"
#include "compat.h"
#include "job/job_claim_store.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_queue_store.h"
#include "job/job_state.h"

/* So often a job is taken up at once after its worker was gone. */
#define PATIENCE 3

/* cj_job_retry_delay() from now on, in SQL; the delays are in milliseconds. */
#define TIME_AFTER_DELAY(nfailed, initial_delay, max_delay) \
	"clock_timestamp() + least(" initial_delay " * 2 ^ least(" nfailed ", 30), " max_delay ")" \
	" * interval '1 millisecond'"

/*
 * The arrays that tell the claim about shares: of whom (oid or text), how many
 * jobs, and of owners also how many ahead.
 */
static void
share_arrays(const CjJobShare *shares, int n, bool of_owners, Datum *whose,
			 Datum *jobs, Datum *ahead)
{
	Datum	   *names = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *counts = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *counts_ahead = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		names[i] = of_owners ? ObjectIdGetDatum(shares[i].owner) :
			CStringGetTextDatum(shares[i].type);
		counts[i] = Int32GetDatum(shares[i].jobs);
		counts_ahead[i] = Int32GetDatum(shares[i].ahead);
	}
	*whose = PointerGetDatum(construct_array_builtin(names, n, of_owners ? OIDOID : TEXTOID));
	*jobs = PointerGetDatum(construct_array_builtin(counts, n, INT4OID));
	if (of_owners)
		*ahead = PointerGetDatum(construct_array_builtin(counts_ahead, n, INT4OID));
}

/*
 * Note that a worker is about to begin a job that none has begun before.
 */
static void
note_started(const CjJobClaim *claim)
{
	CjJobEvent	event = {
		.job_id = claim->id,
		.job_type = claim->type,
		.state = CJ_JOB_RUNNING
	};

	cj_job_event_add(&event);
}

/*
 * Claim up to limits->total jobs: pending jobs become running, running and
 * reverting ones that no worker has go on.  Their claims take the generations
 * from "first_generation" on.
 *
 * The owners take turns: first comes who has the fewest jobs running, of those
 * the next one after limits->last_owner.  An owner's jobs come in the order of
 * their priority, then of submission.
 * The last limits->ahead ones are for workers that are about to be done: such a
 * job is claimed only if it is the turn of its worker's owner.
 * A job whose row somebody has locked waits, and no other for it.
 *
 * Returns the number of claims, which are in the current memory context.
 */
int
cj_job_claim(const CjJobLimits *limits, uint64 first_generation,
			 TimestampTz server_start, CjJobClaim **claims)
{
	static CjStatement claim = {
		"WITH RECURSIVE owners (owner) AS ("
		" (SELECT owner FROM jobs.queue"
		"  WHERE NOT claimed AND next_run IS NULL AND blocked IS NULL ORDER BY owner LIMIT 1)"
		" UNION ALL"
		" SELECT (SELECT q.owner FROM jobs.queue q"
		"  WHERE NOT claimed AND next_run IS NULL AND blocked IS NULL AND q.owner > o.owner"
		"  ORDER BY q.owner LIMIT 1)"
		" FROM owners o WHERE o.owner IS NOT NULL),"
		" offered AS ("
		" SELECT c.*, o.owner, coalesce(b.jobs, 0)"
		"  + row_number() OVER (PARTITION BY o.owner ORDER BY c.priority DESC, c.job_id) AS turn,"
		"  b.ahead"
		" FROM owners o LEFT JOIN unnest($5, $6, $13) AS b(owner, jobs, ahead) ON b.owner = o.owner,"
		" LATERAL (SELECT q.job_id, q.priority, q.job_type, j.state, j.started IS NULL AS first"
		"  FROM jobs.queue q JOIN jobs.job j ON j.job_id = q.job_id"
		"  WHERE NOT q.claimed AND q.next_run IS NULL AND q.blocked IS NULL AND q.owner = o.owner"
		"   AND j.state IN ('pending', 'running', 'reverting') AND j.database = $11"
		"   AND q.job_type <> ALL (ARRAY(SELECT job_type FROM unnest($8, $9) AS l(job_type, jobs)"
		"    WHERE jobs <= 0))"
		"  ORDER BY q.priority DESC, q.job_id"
		"  LIMIT greatest(least($1, $7 - coalesce(b.jobs, 0)), 0)"
		"  FOR NO KEY UPDATE OF j SKIP LOCKED) c),"
		" allowed AS ("
		" SELECT o.*, l.jobs AS type_limit,"
		"  row_number() OVER (PARTITION BY o.job_type ORDER BY turn, o.owner <= $10, o.owner) AS nth_of_type"
		" FROM offered o LEFT JOIN unnest($8, $9) AS l(job_type, jobs) ON l.job_type = o.job_type),"
		" next AS ("
		" SELECT job_id, state, first, owner, ahead,"
		"  row_number() OVER (ORDER BY turn, owner <= $10, owner) AS n"
		" FROM allowed WHERE type_limit IS NULL OR nth_of_type <= type_limit"
		" ORDER BY n LIMIT $1),"
		" chosen AS ("
		" SELECT job_id, state, first, n FROM (SELECT *,"
		"  row_number() OVER (PARTITION BY owner, n > $12 ORDER BY n) AS nth_ahead FROM next) x"
		" WHERE n <= $12 OR nth_ahead <= ahead),"
		" changed AS ("
		" UPDATE jobs.job j SET"
		"  state = CASE WHEN c.state = 'pending' THEN $4 ELSE c.state END,"
		"  started = coalesce(j.started, clock_timestamp()),"
		"  runs = j.runs + 1, next_run = NULL, status = NULL,"
		"  claim_server = $3, claim_generation = $2 - 1 + c.n,"
		"  modified = clock_timestamp()"
		" FROM chosen c WHERE j.job_id = c.job_id"
		" RETURNING j.job_id, j.owner::oid, j.claim_generation, j.job_type, j.state,"
		"  c.state AS old_state, c.first),"
		" taken AS (UPDATE jobs.queue q SET claimed = true FROM changed c WHERE q.job_id = c.job_id),"
		" logged AS (INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', state FROM changed WHERE state <> old_state)"
		" SELECT job_id, owner, claim_generation, job_type, old_state = 'pending', first"
		" FROM changed ORDER BY claim_generation",
		13, {INT4OID, INT8OID, TIMESTAMPTZOID, TEXTOID, OIDARRAYOID,
			INT4ARRAYOID, INT4OID, TEXTARRAYOID, INT4ARRAYOID, OIDOID, OIDOID,
		INT4OID, INT4ARRAYOID}
	};
	CjStoreScope scope;
	Datum		values[13];
	uint64		nrows;

	cj_job_state_check(CJ_JOB_PENDING, CJ_JOB_RUNNING);

	cj_store_open(&scope, true);
	values[0] = Int32GetDatum(limits->total);
	values[1] = Int64GetDatum((int64) first_generation);
	values[2] = TimestampTzGetDatum(server_start);
	values[3] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_RUNNING));
	share_arrays(limits->owners, limits->nowners, true, &values[4], &values[5],
				 &values[12]);
	values[6] = Int32GetDatum(limits->per_owner);
	share_arrays(limits->types, limits->ntypes, false, &values[7], &values[8],
				 NULL);
	values[9] = ObjectIdGetDatum(limits->last_owner);
	values[10] = ObjectIdGetDatum(MyDatabaseId);
	values[11] = Int32GetDatum(limits->total - limits->ahead);
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
		c->type = cj_store_text(&scope, row, 4);
		c->fresh = DatumGetBool(cj_store_value(row, 5, &isnull));
		if (DatumGetBool(cj_store_value(row, 6, &isnull)))
			note_started(c);
	}
	cj_store_close(&scope);

	return (int) nrows;
}

/*
 * Does a claim stand?  Called between cj_store_open() and cj_store_close().
 */
static bool
is_claimed(int64 id, uint64 generation)
{
	static CjStatement probe = {
		"SELECT FROM jobs.job WHERE job_id = $1 AND claim_generation = $2",
		2, {INT8OID, INT8OID}
	};
	Datum		values[2];

	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum((int64) generation);
	return cj_store_run(&probe, values, NULL) > 0;
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
		" RETURNING job_id, job_type, state, next_run),"
		" queued AS (UPDATE jobs.queue q SET " CJ_QUEUE_UNCLAIM ", next_run = r.next_run"
		"  FROM released r WHERE q.job_id = r.job_id),"
		" unlogged AS (DELETE FROM jobs.message WHERE $3 AND job_id = $1 AND message_id ="
		"  (SELECT max(message_id) FROM jobs.message JOIN released USING (job_id)"
		"   WHERE kind = 'state' AND message = 'running'))"
		" SELECT job_id, job_type, state FROM released",
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
	released = cj_store_run(&release, values, NULL) > 0;
	if (released && fresh)
		cj_job_event_add_rows(&scope, 1);
	released = released || !is_claimed(id, generation);
	cj_store_close(&scope);

	return released;
}

/*
 * Take over a job whose worker ended without finishing it, because of "error".
 *
 * What it did was rolled back with the worker's transaction.  "undo": there is
 * something to undo; "possible": a worker can be had for that, since this one
 * had come as far as to begin.
 *
 * A running job goes into its clean-up.  A clean-up that ended its process has
 * failed as one that raised an error has: it is tried again later, and given up
 * at last; at once if nobody can do it.  Requests are left to
 * cj_job_queue_settle().
 *
 * Returns false if somebody has locked the row: the claim still stands.
 */
bool
cj_job_claim_lost(int64 id, uint64 generation, bool undo, bool possible,
				  const char *error, int sqlerrcode)
{
	static CjStatement lost = {
		"WITH target AS ("
		" SELECT job_id, state AS old_state, CASE"
		"   WHEN state NOT IN ('running', 'reverting') THEN state"
		"   WHEN NOT $3 THEN coalesce(outcome, 'failed')"
		"   WHEN $4 AND (state = 'running' OR revert_runs + 1 < $7) THEN 'reverting'"
		"   ELSE 'revert-failed' END AS state,"
		"  state = 'running' AS failed,"
		"  $3 AND (state = 'reverting' OR state = 'running' AND NOT $4) AS undo_failed"
		" FROM jobs.job WHERE job_id = $1 AND claim_generation = $2"
		" FOR NO KEY UPDATE SKIP LOCKED),"
		" changed AS ("
		" UPDATE jobs.job j SET claim_server = NULL, claim_generation = NULL, state = t.state,"
		"  outcome = CASE WHEN failed THEN 'failed' ELSE outcome END,"
		"  error = CASE WHEN failed THEN $5 ELSE error END,"
		"  sqlstate = CASE WHEN failed THEN $6 ELSE sqlstate END,"
		"  attempts = attempts + failed::integer,"
		"  revert_error = CASE WHEN undo_failed THEN $5 ELSE revert_error END,"
		"  revert_runs = revert_runs + undo_failed::integer,"
		"  next_run = CASE WHEN undo_failed AND t.state = 'reverting'"
		"   THEN " TIME_AFTER_DELAY("revert_runs", "$8", "$9") " END,"
		"  finished = CASE WHEN t.state IN ('failed', 'canceled', 'revert-failed') THEN clock_timestamp() END,"
		"  modified = clock_timestamp()"
		" FROM target t WHERE j.job_id = t.job_id"
		" RETURNING j.job_id, j.job_type, j.state, old_state, next_run,"
		"  finished IS NOT NULL AS gone, failed OR undo_failed AS erred),"
		" queued AS (UPDATE jobs.queue q SET " CJ_QUEUE_UNCLAIM ", next_run = c.next_run"
		"  FROM changed c WHERE q.job_id = c.job_id AND NOT gone),"
		" unqueued AS (DELETE FROM jobs.queue q USING changed c WHERE q.job_id = c.job_id AND gone),"
		" logged AS (INSERT INTO jobs.message (job_id, kind, sqlstate, message)"
		"  SELECT job_id, 'error', $6, $5 FROM changed WHERE erred"
		"  UNION ALL SELECT job_id, 'state', NULL, state FROM changed WHERE state <> old_state)"
		" SELECT job_id, job_type, state, state <> old_state FROM changed",
		9, {INT8OID, INT8OID, BOOLOID, BOOLOID, TEXTOID, TEXTOID, INT4OID, INT4OID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[9];
	bool		isnull;
	bool		taken;

	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_FAILED);
	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_REVERTING);
	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_REVERT_FAILED);
	cj_job_state_check(CJ_JOB_REVERTING, CJ_JOB_REVERTING);
	cj_job_state_check(CJ_JOB_REVERTING, CJ_JOB_FAILED);
	cj_job_state_check(CJ_JOB_REVERTING, CJ_JOB_CANCELED);
	cj_job_state_check(CJ_JOB_REVERTING, CJ_JOB_REVERT_FAILED);

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum((int64) generation);
	values[2] = BoolGetDatum(undo);
	values[3] = BoolGetDatum(possible);
	values[4] = CStringGetTextDatum(cj_job_error_clip(error));
	values[5] = CStringGetTextDatum(unpack_sql_state(sqlerrcode));
	values[6] = Int32GetDatum(cj_guc_revert_max_attempts);
	values[7] = Int32GetDatum(cj_guc_retry_initial_delay);
	values[8] = Int32GetDatum(cj_guc_retry_max_delay);
	taken = cj_store_run(&lost, values, NULL) > 0;
	if (taken && DatumGetBool(cj_store_value(0, 4, &isnull)))
		cj_job_event_add_rows(&scope, 1);
	taken = taken || !is_claimed(id, generation);
	cj_store_close(&scope);

	return taken;
}

/*
 * Free the claims of workers that are gone: of an earlier start of the server,
 * or not among the "alive" generations.  Those jobs go on from where they
 * were, at once; one that has met with this PATIENCE times waits longer and
 * longer, since it may be what crashes the server.
 *
 * Returns false if somebody has locked one of the rows: call again.
 */
bool
cj_job_claim_free_stale(TimestampTz server_start, const uint64 *alive,
						int nalive)
{
	static CjStatement freeing = {
		"WITH stale AS MATERIALIZED ("
		" SELECT job_id FROM jobs.queue JOIN jobs.job USING (job_id) WHERE claimed"
		"  AND (claim_server <> $1 OR claim_generation <> ALL ($2))),"
		" freed AS ("
		" UPDATE jobs.job SET claim_server = NULL, claim_generation = NULL,"
		"  next_run = CASE WHEN runs - attempts - revert_runs > $3"
		"   THEN " TIME_AFTER_DELAY("runs - attempts - revert_runs - $3 - 1", "$4", "$5") " END,"
		"  modified = clock_timestamp()"
		" WHERE job_id IN (SELECT job_id FROM jobs.job"
		"  WHERE job_id IN (SELECT job_id FROM stale) FOR NO KEY UPDATE SKIP LOCKED)"
		" RETURNING job_id, next_run),"
		" queued AS (UPDATE jobs.queue q SET " CJ_QUEUE_UNCLAIM ", next_run = f.next_run"
		"  FROM freed f WHERE q.job_id = f.job_id)"
		" SELECT job_id FROM stale EXCEPT SELECT job_id FROM freed",
		5, {TIMESTAMPTZOID, INT8ARRAYOID, INT4OID, INT4OID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[5];
	bool		all;

	cj_store_open(&scope, true);
	values[0] = TimestampTzGetDatum(server_start);
	values[1] = cj_store_id_array((const int64 *) alive, nalive);
	values[2] = Int32GetDatum(PATIENCE);
	values[3] = Int32GetDatum(cj_guc_retry_initial_delay);
	values[4] = Int32GetDatum(cj_guc_retry_max_delay);
	all = cj_store_run(&freeing, values, NULL) == 0;
	cj_store_close(&scope);

	return all;
}
