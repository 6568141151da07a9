/*-------------------------------------------------------------------------
 *
 * job_owner_store.c
 *	  Jobs that change hands, or whose owner gives up what it owns.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_owner_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/base_store.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_owner_store.h"
#include "job/job_pending.h"
#include "job/job_self.h"
#include "job/job_state.h"

/*
 * The name of an owner of jobs; something that tells its oid if the role was
 * dropped.
 */
const char *
cj_job_owner_name(Oid owner)
{
	return NameStr(*DatumGetName(DirectFunctionCall1(pg_get_userbyid,
													 ObjectIdGetDatum(owner))));
}

/*
 * Have the workers of the jobs in the first column of the last statement's
 * first "nrows" rows told when the transaction commits.
 */
static void
signal_at_commit(uint64 nrows)
{
	int64	   *ids = palloc_extended((nrows + 1) * sizeof(int64),
									  MCXT_ALLOC_HUGE);

	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;

		ids[row] = DatumGetInt64(cj_store_value(row, 1, &isnull));
	}
	cj_job_pending_add_requests(ids, (int) nrows);
}

/* $1 to $10, see reassign(); $10 is for the condition. */
#define REASSIGN_JOBS(condition) \
	"WITH given AS MATERIALIZED (" \
	" SELECT job_id, state, modified, finished IS NULL AS unfinished," \
	"  state = 'cancel-requested' AND started IS NOT NULL AS undone," \
	"  state IN ('pending', 'running', 'reverting')" \
	"   OR state = 'cancel-requested' AND started IS NOT NULL AS goes_on" \
	" FROM jobs.job WHERE owner::oid = $1 AND NOT ($3 AND job_id = $4)" condition \
	" ORDER BY job_id FOR NO KEY UPDATE)," \
	" changed AS (" \
	" UPDATE jobs.job j SET owner = $2::regrole, held = held OR $3," \
	"  state = CASE WHEN $3 AND goes_on THEN $5 ELSE g.state END," \
	"  outcome = CASE WHEN $3 AND undone THEN 'canceled' ELSE outcome END," \
	"  error = CASE WHEN $3 AND undone THEN $6 || " CJ_JOB_SQL_WITH_REASON " ELSE error END," \
	"  sqlstate = CASE WHEN $3 AND undone THEN $7 ELSE sqlstate END," \
	"  requested_by = CASE WHEN $3 AND goes_on THEN $8::regrole ELSE requested_by END," \
	"  request_reason = CASE WHEN $3 AND goes_on THEN $9 ELSE request_reason END," \
	"  modified = CASE WHEN unfinished THEN clock_timestamp() ELSE j.modified END" \
	" FROM given g WHERE j.job_id = g.job_id" \
	" RETURNING j.job_id, j.job_type, j.state, unfinished, $3 AND goes_on AS held_up)," \
	" logged AS (INSERT INTO jobs.message (job_id, kind, recorded, sqlstate, message)" \
	"  SELECT job_id, 'state', modified, NULL, state FROM given WHERE $3 AND undone" \
	"  UNION ALL SELECT job_id, 'notice', clock_timestamp(), '00000', $9 FROM changed WHERE unfinished)" \
	" SELECT job_id, job_type, state, sum(held_up::integer) OVER () FROM changed" \
	" WHERE unfinished ORDER BY held_up DESC"

#define REASSIGN_ARGS \
	10, {OIDOID, OIDOID, BOOLOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, \
		OIDOID, TEXTOID, INT8OID}

/*
 * Make jobs of one role another's: with one of the two statements made from
 * REASSIGN_JOBS.  As cj_job_owner_store_reassign().
 */
static int
reassign(CjStatement *statement, Oid from, Oid to, bool hold, int64 id)
{
	CjStoreScope scope;
	Datum		values[10];
	Oid			roleid = GetUserId();
	char	   *reason = psprintf("reassigned from role \"%s\" to \"%s\"",
								  cj_job_owner_name(from),
								  GetUserNameFromId(to, false));
	uint64		nrows;
	uint64		nheld = 0;
	bool		isnull;

	cj_job_state_check(CJ_JOB_PENDING, CJ_JOB_PAUSE_REQUESTED);
	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_PAUSE_REQUESTED);
	cj_job_state_check(CJ_JOB_REVERTING, CJ_JOB_PAUSE_REQUESTED);
	/* A cancel that has work to undo is taken one step further first. */
	cj_job_state_check(CJ_JOB_CANCEL_REQUESTED, CJ_JOB_REVERTING);

	cj_store_open(&scope, false);
	cj_job_pending_add_requests(NULL, 0);
	values[0] = ObjectIdGetDatum(from);
	values[1] = ObjectIdGetDatum(to);
	values[2] = BoolGetDatum(hold);
	values[3] = Int64GetDatum(cj_job_self_id());
	values[4] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_PAUSE_REQUESTED));
	values[5] = CStringGetTextDatum(CJ_JOB_CANCELED_ERROR);
	values[6] = CStringGetTextDatum(unpack_sql_state(ERRCODE_QUERY_CANCELED));
	values[7] = ObjectIdGetDatum(roleid);
	values[8] = CStringGetTextDatum(cj_job_error_clip(reason));
	values[9] = Int64GetDatum(id);
	nrows = cj_store_run(statement, values, NULL);
	if (nrows > 0)
		nheld = (uint64) DatumGetInt64(cj_store_value(0, 4, &isnull));
	cj_job_event_add_rows(&scope, nheld);
	/* A job that runs goes on, and the coordinator follows the owner. */
	signal_at_commit(nheld);
	cj_job_pending_add_others();
	cj_store_close(&scope);

	return (int) nrows;
}

/*
 * Make the jobs of one role another's, the finished ones too.  Part of the
 * caller's transaction.
 *
 * With "hold", unfinished jobs are paused, those in their clean-up or about to
 * begin it as well, and the job under way in this process stays what and whose
 * it is: nothing that "from" has written runs with the rights of "to" before
 * somebody who has them lets it go on.  Returns the number of jobs that are
 * paused, or were and have not finished.
 */
int
cj_job_owner_store_reassign(Oid from, Oid to, bool hold)
{
	static CjStatement all = {REASSIGN_JOBS(""), REASSIGN_ARGS};

	return reassign(&all, from, to, hold, 0);
}

/*
 * As cj_job_owner_store_reassign(), for one job, whose row has been locked.
 */
int
cj_job_owner_store_reassign_one(int64 id, Oid from, Oid to, bool hold)
{
	static CjStatement one = {REASSIGN_JOBS(" AND job_id = $10"), REASSIGN_ARGS};

	cj_job_event_add_locked(id);
	return reassign(&one, from, to, hold, id);
}

/*
 * The owner of a job, InvalidOid if there is no such job; whether it has
 * finished.
 */
Oid
cj_job_owner_store_read(int64 id, bool *finished)
{
	static CjStatement read = {
		"SELECT owner::oid, finished IS NOT NULL FROM jobs.job WHERE job_id = $1",
		1, {INT8OID}
	};
	CjStoreScope scope;
	Datum		value = Int64GetDatum(id);
	Oid			owner = InvalidOid;
	bool		isnull;

	cj_store_open(&scope, false);
	if (cj_store_run(&read, &value, NULL) > 0)
	{
		owner = DatumGetObjectId(cj_store_value(0, 1, &isnull));
		*finished = DatumGetBool(cj_store_value(0, 2, &isnull));
	}
	cj_store_close(&scope);

	return owner;
}

/*
 * Lock the row of a job against everybody who would change it, if it is still
 * this owner's; returns whether it is.
 */
bool
cj_job_owner_store_lock(int64 id, Oid owner)
{
	static CjStatement lock = {
		"SELECT FROM jobs.job WHERE job_id = $1 AND owner::oid = $2 FOR NO KEY UPDATE",
		2, {INT8OID, OIDOID}
	};
	CjStoreScope scope;
	Datum		values[2];
	bool		locked;

	cj_store_open(&scope, false);
	cj_job_pending_add_requests(NULL, 0);
	values[0] = Int64GetDatum(id);
	values[1] = ObjectIdGetDatum(owner);
	locked = cj_store_run(&lock, values, NULL) > 0;
	cj_store_close(&scope);

	return locked;
}

/*
 * Request that the unfinished jobs of a role that drops what it owns be
 * cancelled; a clean-up that is paused goes on.  Part of the caller's
 * transaction; the job under way in this process is left alone, and so is one
 * that is held and may have something to undo, with a text that is not "owner"'s.
 * Returns the number of jobs.
 */
int
cj_job_owner_store_drop(Oid owner)
{
	static CjStatement drop = {
		"WITH given AS MATERIALIZED ("
		" SELECT job_id, CASE WHEN outcome IS NULL THEN $2 ELSE $3 END AS next"
		" FROM jobs.job WHERE owner::oid = $1 AND job_id <> $4"
		"  AND NOT (held AND started IS NOT NULL)"
		"  AND (state IN ('pending', 'running') AND cancelable"
		"   OR state IN ('paused', 'pause-requested')"
		"    AND (cancelable OR outcome IS NOT NULL))"
		" ORDER BY job_id FOR NO KEY UPDATE),"
		" changed AS ("
		" UPDATE jobs.job j SET state = next, requested_by = $5::regrole,"
		"  request_reason = $6, next_run = NULL, modified = clock_timestamp()"
		" FROM given g WHERE j.job_id = g.job_id RETURNING j.job_id, j.job_type, state),"
		" logged AS (INSERT INTO jobs.message (job_id, kind, sqlstate, message)"
		"  SELECT job_id, 'notice', '00000', $6 FROM changed"
		"  UNION ALL SELECT job_id, 'state', NULL, state FROM changed WHERE state = $3)"
		" SELECT job_id, job_type, state FROM changed",
		6, {OIDOID, TEXTOID, TEXTOID, INT8OID, OIDOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[6];
	Oid			roleid = GetUserId();
	char	   *reason = psprintf("what role \"%s\" owns was dropped",
								  GetUserNameFromId(owner, false));
	uint64		nrows;

	cj_job_state_check(CJ_JOB_PENDING, CJ_JOB_CANCEL_REQUESTED);
	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_CANCEL_REQUESTED);
	cj_job_state_check(CJ_JOB_PAUSED, CJ_JOB_CANCEL_REQUESTED);
	cj_job_state_check(CJ_JOB_PAUSED, CJ_JOB_REVERTING);
	/* A pause that has not come about yet is as good as one. */
	cj_job_state_check(CJ_JOB_PAUSE_REQUESTED, CJ_JOB_PAUSED);

	cj_store_open(&scope, false);
	cj_job_pending_add_requests(NULL, 0);
	values[0] = ObjectIdGetDatum(owner);
	values[1] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_CANCEL_REQUESTED));
	values[2] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_REVERTING));
	values[3] = Int64GetDatum(cj_job_self_id());
	values[4] = ObjectIdGetDatum(roleid);
	values[5] = CStringGetTextDatum(cj_job_error_clip(reason));
	nrows = cj_store_run(&drop, values, NULL);
	cj_job_event_add_rows(&scope, nrows);
	signal_at_commit(nrows);
	cj_store_close(&scope);

	return (int) nrows;
}
