/*-------------------------------------------------------------------------
 *
 * job_outcome_store.c
 *	  What has become of jobs, for who waits for them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_outcome_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "base/base_store.h"
#include "job/job_outcome_store.h"
#include "job/job_state.h"
#include "privilege/privilege_job.h"

/* How a job has ended, or why it does not go on. */
typedef struct Outcome
{
	int64		id;
	CjJobState	state;
	Oid			owner;
	char	   *error;
	char	   *sqlstate;
	Oid			requested_by;	/* InvalidOid: nobody */
	char	   *reason;
} Outcome;

/*
 * Read what has become of those of these jobs that did not succeed, or are
 * paused, in order, with the latest snapshot.  Returns their number.
 */
static uint64
read_outcomes(const int64 *ids, int nids, Outcome **outcomes)
{
	static CjStatement read = {
		"SELECT job_id, state, owner::oid, error, sqlstate, requested_by::oid, request_reason"
		" FROM jobs.job WHERE job_id = ANY ($1)"
		" AND state IN ('failed', 'canceled', 'revert-failed', 'paused') ORDER BY job_id",
		1, {INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		value;
	uint64		nrows;

	cj_store_open(&scope, false);
	value = cj_store_id_array(ids, nids);
	nrows = cj_store_run_latest(&read, &value);
	*outcomes = MemoryContextAllocHuge(scope.caller_context,
									   (nrows + 1) * sizeof(Outcome));
	for (uint64 row = 0; row < nrows; row++)
	{
		Outcome    *outcome = &(*outcomes)[row];
		bool		isnull;
		Datum		role;

		outcome->id = DatumGetInt64(cj_store_value(row, 1, &isnull));
		outcome->state = cj_job_state_parse(cj_store_text(&scope, row, 2));
		outcome->owner = DatumGetObjectId(cj_store_value(row, 3, &isnull));
		outcome->error = cj_store_text(&scope, row, 4);
		outcome->sqlstate = cj_store_text(&scope, row, 5);
		role = cj_store_value(row, 6, &isnull);
		outcome->requested_by = isnull ? InvalidOid : DatumGetObjectId(role);
		outcome->reason = cj_store_text(&scope, row, 7);
	}
	cj_store_close(&scope);

	return nrows;
}

/*
 * The error detail that says who asked for it; 0 without a word if nobody did,
 * or who did is gone.
 */
static int
detail_of_author(const Outcome *outcome, const char *done)
{
	char	   *name = NULL;

	if (OidIsValid(outcome->requested_by))
		name = GetUserNameFromId(outcome->requested_by, true);
	if (name == NULL)
		return 0;
	return errdetail("Job %lld was %s by role \"%s\".",
					 (long long) outcome->id, done, name);
}

/*
 * The code of an error of a job's; that of an internal error if it has none.
 */
static int
code_of(const Outcome *outcome)
{
	const char *code = outcome->sqlstate;

	if (code == NULL || strlen(code) != 5)
		return ERRCODE_INTERNAL_ERROR;
	return MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]);
}

/*
 * Tell of one job, in CockroachDB's words.
 */
static void
tell(const Outcome *outcome, int elevel)
{
	const char *error = outcome->error != NULL ? outcome->error : "";

	switch (outcome->state)
	{
		case CJ_JOB_CANCELED:
			ereport(elevel,
					(errcode(code_of(outcome)),
					 errmsg("%s", error),
					 detail_of_author(outcome, "canceled")));
			break;
		case CJ_JOB_PAUSED:
			ereport(elevel,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 outcome->reason == NULL ?
					 errmsg("job %lld was paused before it completed",
							(long long) outcome->id) :
					 errmsg("job %lld was paused before it completed with reason: %s",
							(long long) outcome->id, outcome->reason),
					 detail_of_author(outcome, "paused"),
					 errhint("Use RESUME JOB to let it go on.")));
			break;
		default:
			ereport(elevel,
					(errcode(code_of(outcome)),
					 errmsg("job %lld failed with error: %s",
							(long long) outcome->id, error)));
			break;
	}
}

/*
 * Tell who waits for these jobs of those that ended without success and that
 * the current user may see: as notices, or, if "elevel" is ERROR, of the first
 * one.
 *
 * Needs a valid transaction.
 */
void
cj_job_outcome_tell_ends(const int64 *ids, int nids, int elevel)
{
	Outcome    *outcomes;
	uint64		nrows = read_outcomes(ids, nids, &outcomes);
	CjPrivileges privileges;

	cj_privilege_begin(&privileges, GetUserId());
	for (uint64 row = 0; row < nrows; row++)
	{
		if (outcomes[row].state != CJ_JOB_PAUSED &&
			cj_privilege_may_see(&privileges, outcomes[row].owner))
			tell(&outcomes[row], elevel);
	}
}

/*
 * As cj_job_outcome_tell_ends(), of a job that is paused, if it still is.
 */
void
cj_job_outcome_tell_paused(int64 id, int elevel)
{
	Outcome    *outcomes;

	if (read_outcomes(&id, 1, &outcomes) > 0 &&
		outcomes[0].state == CJ_JOB_PAUSED)
		tell(&outcomes[0], elevel);
}
