/*-------------------------------------------------------------------------
 *
 * job_control.c
 *	  Requests to cancel, pause and resume jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_control.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

#include "base/base_guc.h"
#include "base/base_ids.h"
#include "base/base_store.h"
#include "job/job_autovacuum.h"
#include "job/job_control.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_pending.h"
#include "job/job_self.h"
#include "job/job_state.h"
#include "privilege/privilege_job.h"

static CjJobCanceledHook canceled_hook = NULL;

/* A job that a statement names. */
typedef struct ControlTarget
{
	int64		id;
	Oid			owner;
	bool		held;
	CjJobState	state;
	bool		cancelable;
	bool		was_reverting;	/* its clean-up has begun */
	char	   *error;
} ControlTarget;

/*
 * Is the job on its way, and not on that of its clean-up?
 */
static bool
is_under_way(const ControlTarget *target)
{
	return target->state == CJ_JOB_PENDING || target->state == CJ_JOB_RUNNING ||
		(target->state == CJ_JOB_PAUSED && !target->was_reverting);
}

/*
 * Is there something for CANCEL JOB to ask of this job?  Raises the error for a
 * job that may not be asked.  Reference: CockroachDB, table of transitions.
 */
static bool
can_cancel(const ControlTarget *target)
{
	if (!target->cancelable)
		cj_job_error_not_cancelable(target->id);
	if (is_under_way(target))
		return true;

	switch (target->state)
	{
		case CJ_JOB_PAUSED:
			cj_job_error_final_resume(target->id, target->error);
		case CJ_JOB_CANCEL_REQUESTED:
		case CJ_JOB_CANCELED:
			return false;
		case CJ_JOB_REVERT_FAILED:
			/* Ours: the way out of a clean-up that was given up. */
			return true;
		default:
			break;
	}
	cj_job_error_wrong_state(CJ_CONTROL_CANCEL, target->id, target->state);
}

/*
 * As can_cancel(), for PAUSE JOB.
 */
static bool
can_pause(const ControlTarget *target)
{
	switch (target->state)
	{
		case CJ_JOB_PENDING:
		case CJ_JOB_RUNNING:
		case CJ_JOB_REVERTING:
			return true;
		case CJ_JOB_PAUSED:
		case CJ_JOB_PAUSE_REQUESTED:
			return false;
		default:
			break;
	}
	cj_job_error_wrong_state(CJ_CONTROL_PAUSE, target->id, target->state);
}

/*
 * As can_cancel(), for RESUME JOB.
 */
static bool
can_resume(const ControlTarget *target)
{
	switch (target->state)
	{
		case CJ_JOB_PAUSED:
			return true;
		case CJ_JOB_RUNNING:
		case CJ_JOB_REVERTING:
			return false;
		default:
			break;
	}
	cj_job_error_wrong_state(CJ_CONTROL_RESUME, target->id, target->state);
}

/*
 * Is there something for the verb to ask of this job?  Raises the error for a
 * job that may not be asked.
 */
static bool
can_request(CjControlVerb verb, const ControlTarget *target)
{
	switch (verb)
	{
		case CJ_CONTROL_CANCEL:
			return can_cancel(target);
		case CJ_CONTROL_PAUSE:
			return can_pause(target);
		case CJ_CONTROL_RESUME:
			return can_resume(target);
	}
	return false;
}

/*
 * Write the requests of a verb, with who asked and why, for those of the jobs
 * that there is something to ask of: the states are those of can_request().
 *
 * RESUME starts the count of attempts anew, at once or at the job's start time,
 * and forgets who paused the job; a job whose clean-up was given up gets one
 * more try at it.  A request is logged by who carries it out, and RESUME here.
 */
#define WRITE_REQUESTS(next, condition, also) \
	"UPDATE jobs.job j SET state = " next "," \
	" requested_by = $2::regrole, request_reason = $3," \
	" next_run = CASE WHEN start_at > clock_timestamp() THEN start_at END," \
	" held = false, modified = clock_timestamp()" also \
	" FROM unnest($1, $5) AS run (first, last)" \
	" WHERE j.job_id BETWEEN run.first AND run.last AND " condition \
	" AND jobs.may_control($2, $4, owner, held)" \
	" RETURNING j.job_id, j.job_type, j.state"

static CjStatement write_requests[] = {
	[CJ_CONTROL_CANCEL] = {
		WRITE_REQUESTS("CASE state WHEN 'revert-failed' THEN 'reverting' ELSE 'cancel-requested' END",
					   "cancelable AND (state IN ('pending', 'running') OR state = 'revert-failed' AND $7"
					   " OR state = 'paused' AND outcome IS NULL)",
					   ", revert_runs = CASE state WHEN 'revert-failed' THEN $6 ELSE revert_runs END,"
					   " finished = NULL"),
		7, {INT8ARRAYOID, OIDOID, TEXTOID, BOOLOID, INT8ARRAYOID, INT4OID, BOOLOID}
	},
	[CJ_CONTROL_PAUSE] = {
		WRITE_REQUESTS("'pause-requested'",
					   "state IN ('pending', 'running', 'reverting')", ""),
		5, {INT8ARRAYOID, OIDOID, TEXTOID, BOOLOID, INT8ARRAYOID}
	},
	[CJ_CONTROL_RESUME] = {
		"WITH changed AS ("
		WRITE_REQUESTS("CASE WHEN outcome IS NULL THEN 'running' ELSE 'reverting' END",
					   "state = 'paused'", ", runs = 0, attempts = 0")
		"), logged AS (INSERT INTO jobs.message (job_id, kind, message)"
		"  SELECT job_id, 'state', state FROM changed)"
		" SELECT job_id, job_type, state FROM changed",
		5, {INT8ARRAYOID, OIDOID, TEXTOID, BOOLOID, INT8ARRAYOID}
	}
};

/*
 * Put jobs that had ended as revert-failed into the queue again.
 */
static void
revive(const int64 *ids, int nids)
{
	static CjStatement insert = {
		"WITH revived AS ("
		" INSERT INTO jobs.queue (job_id, owner, job_type, priority, exclusive_key, blocked)"
		" SELECT job_id, owner, job_type, priority, exclusive_key,"
		"  CASE WHEN exclusive_key IS NOT NULL THEN 'exclusive' END"
		" FROM jobs.job WHERE job_id = ANY ($1) RETURNING job_id)"
		"INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', 'reverting' FROM revived",
		1, {INT8ARRAYOID}
	};
	Datum		value = cj_store_id_array(ids, nids);

	cj_store_run(&insert, &value, NULL);
}

/*
 * Note what has been asked of the jobs in the last statement's result, and have
 * it carried out after commit.  Adds their ids to "changed", and returns how
 * many of them have to be revived, whose ids are in *revived.
 */
static int
note_requests(CjControlVerb verb, uint64 nrows, int64 *changed, int64 *revived)
{
	int			nrevived = 0;

	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;
		char	   *state = TextDatumGetCString(cj_store_value(row, 3, &isnull));
		char	   *type = TextDatumGetCString(cj_store_value(row, 2, &isnull));
		CjJobEvent	event = {
			.job_id = DatumGetInt64(cj_store_value(row, 1, &isnull)),
			.job_type = type,
			.state = cj_job_state_parse(state),
			.resumed = verb == CJ_CONTROL_RESUME
		};

		changed[row] = event.job_id;
		if (verb == CJ_CONTROL_CANCEL && event.state == CJ_JOB_REVERTING)
			revived[nrevived++] = event.job_id;
		cj_job_event_add(&event);
		if (event.state == CJ_JOB_CANCEL_REQUESTED && canceled_hook != NULL)
			canceled_hook(type, event.job_id);
		pfree(state);
		pfree(type);
	}
	cj_job_pending_add_requests(changed, (int) nrows);
	return nrevived;
}

/*
 * Make the requests of a verb for those of these jobs, whose ids are sorted,
 * that there is something to ask of; their ids are put into "changed", sorted.
 * Returns their number.  "named": see control_jobs().
 *
 * Rows are locked in the order of the ids, so that statements over overlapping
 * sets cannot deadlock.  Rows that "roleid" may not control are left alone: who
 * waits here for another row would hold up their owners.
 */
static int
make_requests(CjControlVerb verb, Oid roleid, const int64 *ids, int nids,
			  const char *reason, bool named, int64 *changed)
{
	CjPrivileges privileges;
	Datum		values[7];
	char		nulls[7];
	int64	   *firsts;
	int64	   *lasts;
	int			nruns = cj_ids_runs(ids, nids, &firsts, &lasts);
	int64	   *revived = palloc_extended((nids + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	int			nrevived;
	uint64		nrows;

	memset(nulls, ' ', sizeof(nulls));
	values[0] = cj_store_id_array(firsts, nruns);
	values[1] = ObjectIdGetDatum(roleid);
	values[2] = (reason == NULL) ? (Datum) 0 : CStringGetTextDatum(cj_job_error_clip(reason));
	nulls[2] = (reason == NULL) ? 'n' : ' ';
	cj_privilege_begin(&privileges, roleid);
	values[3] = BoolGetDatum(cj_privilege_has_controljob(&privileges));
	values[4] = cj_store_id_array(lasts, nruns);
	values[5] = Int32GetDatum(cj_guc_revert_max_attempts - 1);
	values[6] = BoolGetDatum(named);
	nrows = cj_store_run(&write_requests[verb], values, nulls);
	nrevived = note_requests(verb, nrows, changed, revived);
	if (nrevived > 0)
		revive(revived, nrevived);
	pfree(revived);
	return (int) nrows;
}

/*
 * Read what decides about the jobs with these ids, in the order of the ids.
 */
static ControlTarget *
read_targets(CjStoreScope *scope, const int64 *ids, int nids, int *ntargets)
{
	static CjStatement read = {
		"SELECT job_id, owner::oid, held, state, cancelable, outcome IS NOT NULL, error"
		" FROM jobs.job WHERE job_id = ANY ($1) ORDER BY job_id",
		1, {INT8ARRAYOID}
	};
	Datum		value = cj_store_id_array(ids, nids);
	ControlTarget *targets;
	uint64		nrows;

	nrows = cj_store_run(&read, &value, NULL);
	targets = MemoryContextAllocHuge(scope->caller_context,
									 (nrows + 1) * sizeof(ControlTarget));
	for (uint64 row = 0; row < nrows; row++)
	{
		ControlTarget *target = &targets[row];
		bool		isnull;

		target->id = DatumGetInt64(cj_store_value(row, 1, &isnull));
		target->owner = DatumGetObjectId(cj_store_value(row, 2, &isnull));
		target->held = DatumGetBool(cj_store_value(row, 3, &isnull));
		target->state = cj_job_state_parse(cj_store_text(scope, row, 4));
		target->cancelable = DatumGetBool(cj_store_value(row, 5, &isnull));
		target->was_reverting = DatumGetBool(cj_store_value(row, 6, &isnull));
		target->error = cj_store_text(scope, row, 7);
	}
	*ntargets = (int) nrows;
	return targets;
}

/*
 * Check the jobs of which nothing has been asked, in the order of the
 * statement: the first one that cannot be handled decides the error, whatever
 * the order of the rows in the table.  Jobs that are not named may be in any
 * state, or gone; but one that may not be cancelled is an error there, too.
 *
 * Returns whether there is something to ask of a named one by now: it changed
 * while another row was waited for.
 */
static bool
check_others(CjStoreScope *scope, CjControlVerb verb, Oid roleid,
			 const int64 *ids, int nids, bool named,
			 const int64 *changed, int nchanged)
{
	int64	   *rest = palloc_extended((nids + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	int			nrest = 0;
	ControlTarget *targets;
	int			ntargets;
	bool		again = false;

	for (int i = 0; i < nids; i++)
	{
		if (!cj_ids_contain(changed, nchanged, ids[i]))
			rest[nrest++] = ids[i];
	}
	targets = read_targets(scope, rest, nrest, &ntargets);
	for (int i = 0; i < nrest; i++)
	{
		const ControlTarget *target;

		target = bsearch(&rest[i], targets, ntargets, sizeof(ControlTarget),
						 cj_ids_compare);
		if (target != NULL)
			cj_privilege_check_control(roleid, target->id, target->owner, target->held);
		else if (named)
			cj_job_error_not_found(rest[i]);
		if (named && can_request(verb, target))
			again = true;
		else if (!named && target != NULL && verb == CJ_CONTROL_CANCEL &&
				 !target->cancelable && is_under_way(target))
			cj_job_error_not_cancelable(target->id);
	}
	return again;
}

/*
 * Control jobs that a statement names, or, if "named" is false, those that it
 * may be about.  Returns how many were handled.
 */
static int64
control_jobs(CjControlVerb verb, const int64 *ids, int nids,
			 const char *reason, bool named)
{
	static const char *const commands[] = {
		[CJ_CONTROL_CANCEL] = "CANCEL JOB",
		[CJ_CONTROL_PAUSE] = "PAUSE JOB",
		[CJ_CONTROL_RESUME] = "RESUME JOB"
	};
	CjStoreScope scope;
	Oid			roleid = GetUserId();
	const int64 *others;
	int			nothers;
	int64	   *wanted;
	int			nwanted;
	List	   *workers;
	int64	   *changed;
	int			nchanged;

	StaticAssertStmt(offsetof(ControlTarget, id) == 0,
					 "cj_ids_compare() compares targets by their first field");

	PreventCommandIfReadOnly(commands[verb]);
	nothers = cj_job_self_take_out(verb, roleid, ids, nids, &others);
	nothers = cj_autovacuum_take_out(verb, roleid, others, nothers, &others, &workers);
	if (nothers == 0)
	{
		cj_autovacuum_cancel(workers);
		return nids;
	}

	cj_store_open(&scope, false);
	cj_job_pending_add_requests(NULL, 0);
	wanted = cj_ids_sorted_set(others, nothers, &nwanted);
	changed = palloc_extended(nwanted * sizeof(int64), MCXT_ALLOC_HUGE);
	nchanged = make_requests(verb, roleid, wanted, nwanted, reason, named, changed);
	while (nchanged < nwanted &&
		   check_others(&scope, verb, roleid, others, nothers, named, changed, nchanged))
	{
		CHECK_FOR_INTERRUPTS();
		nchanged += make_requests(verb, roleid, wanted, nwanted, reason, named,
								  changed + nchanged);
		cj_ids_sort(changed, nchanged);
	}
	cj_store_close(&scope);
	cj_autovacuum_cancel(workers);

	return named ? nids : nids - nothers + nchanged;
}

/*
 * Cancel, pause or resume the jobs with these ids: write the requests, and
 * have the workers told when the transaction commits.
 *
 * Returns the number of ids handled; a repeated id counts each time, and so
 * does a job of which there is nothing to ask.  All or nothing: the first id
 * that cannot be handled raises an error (42704 no such job, 42501 not
 * allowed, 55000 wrong state, 0A000 not cancelable).  Privileges are those of
 * the current user.  "reason" may be NULL.  The rows stay locked until the end
 * of the transaction.  Needs a valid transaction and a snapshot.
 *
 * In a job that asks this of itself: raises query_canceled at once.
 */
int64
cj_job_control(CjControlVerb verb, const int64 *ids, int nids,
			   const char *reason)
{
	return control_jobs(verb, ids, nids, reason, true);
}

/*
 * As cj_job_control(), for jobs that were looked up and not named: those for
 * which the verb means nothing in the state that they have by now are left
 * alone, and do not count.
 */
int64
cj_job_control_possible(CjControlVerb verb, const int64 *ids, int nids,
						const char *reason)
{
	return control_jobs(verb, ids, nids, reason, false);
}

/*
 * Let "hook" know of requests to cancel.  Called once, at preload.
 */
void
cj_job_control_set_canceled_hook(CjJobCanceledHook hook)
{
	canceled_hook = hook;
}
