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
#include "job/job_control.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_pending.h"
#include "job/job_self.h"
#include "job/job_state.h"
#include "privilege/privilege_job.h"

/* A job that a statement names, locked. */
typedef struct ControlTarget
{
	int64		id;
	CjJobState	state;
	CjJobState	next;			/* equal to state: nothing to do */
	bool		cancelable;
	bool		was_reverting;	/* its clean-up has begun */
	char	   *error;
	char	   *type;
} ControlTarget;

/*
 * What CANCEL JOB makes of a job; raises the error for what it may not be
 * asked of.  Reference: CockroachDB, table of transitions.
 */
static CjJobState
cancel_state(const ControlTarget *target)
{
	if (!target->cancelable)
		cj_job_error_not_cancelable(target->id);

	switch (target->state)
	{
		case CJ_JOB_PENDING:
		case CJ_JOB_RUNNING:
			return CJ_JOB_CANCEL_REQUESTED;
		case CJ_JOB_PAUSED:
			if (target->was_reverting)
				cj_job_error_final_resume(target->id, target->error);
			return CJ_JOB_CANCEL_REQUESTED;
		case CJ_JOB_CANCEL_REQUESTED:
		case CJ_JOB_CANCELED:
			return target->state;
		case CJ_JOB_REVERT_FAILED:
			/* Ours: the way out of a clean-up that was given up. */
			return CJ_JOB_REVERTING;
		default:
			break;
	}
	cj_job_error_wrong_state(CJ_CONTROL_CANCEL, target->id, target->state);
}

/*
 * What PAUSE JOB makes of a job, as cancel_state().
 */
static CjJobState
pause_state(const ControlTarget *target)
{
	switch (target->state)
	{
		case CJ_JOB_PENDING:
		case CJ_JOB_RUNNING:
		case CJ_JOB_REVERTING:
			return CJ_JOB_PAUSE_REQUESTED;
		case CJ_JOB_PAUSED:
		case CJ_JOB_PAUSE_REQUESTED:
			return target->state;
		default:
			break;
	}
	cj_job_error_wrong_state(CJ_CONTROL_PAUSE, target->id, target->state);
}

/*
 * What RESUME JOB makes of a job, as cancel_state().
 */
static CjJobState
resume_state(const ControlTarget *target)
{
	switch (target->state)
	{
		case CJ_JOB_PAUSED:
			return target->was_reverting ? CJ_JOB_REVERTING : CJ_JOB_RUNNING;
		case CJ_JOB_RUNNING:
		case CJ_JOB_REVERTING:
			return target->state;
		default:
			break;
	}
	cj_job_error_wrong_state(CJ_CONTROL_RESUME, target->id, target->state);
}

/*
 * Decide the next state of one job of the statement.
 */
static void
decide(CjControlVerb verb, ControlTarget *target)
{
	switch (verb)
	{
		case CJ_CONTROL_CANCEL:
			target->next = cancel_state(target);
			break;
		case CJ_CONTROL_PAUSE:
			target->next = pause_state(target);
			break;
		case CJ_CONTROL_RESUME:
			target->next = resume_state(target);
			break;
	}
	if (target->next != target->state)
		cj_job_state_check(target->state, target->next);
}

/*
 * Lock the rows of these ids in the order of the ids, so that statements over
 * overlapping sets cannot deadlock, and read what decides about them.  The
 * result is in that order too.
 *
 * Rows that "roleid" may not control are left out, and are not locked: who
 * waits here for another row would hold up their owners.
 */
static ControlTarget *
lock_targets(CjStoreScope *scope, Oid roleid, const int64 *ids, int nids,
			 int *ntargets)
{
	static CjStatement lock = {
		"SELECT job_id, state, cancelable, outcome IS NOT NULL, error, job_type"
		" FROM jobs.job WHERE job_id = ANY ($1) AND jobs.may_control($2, $3, owner, held)"
		" ORDER BY job_id FOR NO KEY UPDATE",
		3, {INT8ARRAYOID, OIDOID, BOOLOID}
	};
	CjPrivileges privileges;
	Datum		values[3];
	ControlTarget *targets;
	uint64		nrows;

	values[0] = cj_store_id_array(ids, nids);
	values[1] = ObjectIdGetDatum(roleid);
	cj_privilege_begin(&privileges, roleid);
	values[2] = BoolGetDatum(cj_privilege_has_controljob(&privileges));
	nrows = cj_store_run(&lock, values, NULL);
	targets = MemoryContextAllocHuge(scope->caller_context,
									 (nrows + 1) * sizeof(ControlTarget));
	for (uint64 row = 0; row < nrows; row++)
	{
		ControlTarget *target = &targets[row];
		bool		isnull;
		char	   *state = TextDatumGetCString(cj_store_value(row, 2, &isnull));

		target->id = DatumGetInt64(cj_store_value(row, 1, &isnull));
		target->state = cj_job_state_parse(state);
		pfree(state);
		target->next = target->state;
		target->cancelable = DatumGetBool(cj_store_value(row, 3, &isnull));
		target->was_reverting = DatumGetBool(cj_store_value(row, 4, &isnull));
		target->error = cj_store_text(scope, row, 5);
		target->type = cj_store_text(scope, row, 6);
	}
	*ntargets = (int) nrows;
	return targets;
}

/*
 * Put jobs that had ended as revert-failed into the queue again.
 */
static void
revive(const int64 *ids, int nids)
{
	static CjStatement insert = {
		"INSERT INTO jobs.queue (job_id, owner, job_type, priority, exclusive_key, blocked)"
		" SELECT job_id, owner, job_type, priority, exclusive_key,"
		"  CASE WHEN exclusive_key IS NOT NULL THEN 'exclusive' END"
		" FROM jobs.job WHERE job_id = ANY ($1)",
		1, {INT8ARRAYOID}
	};
	Datum		value = cj_store_id_array(ids, nids);

	cj_store_run(&insert, &value, NULL);
}

/*
 * Write the requests of one next state, with who asked and why.
 *
 * RESUME starts the count of attempts anew, at once or at the job's start time, and forgets who paused the job; a job
 * whose clean-up was given up gets one more try at it.
 */
static void
write_requests(CjControlVerb verb, CjJobState next, const int64 *ids, int nids,
			   Oid roleid, const char *reason)
{
	static CjStatement update = {
		"WITH changed AS ("
		" UPDATE jobs.job SET state = $2, requested_by = $3::regrole,"
		"  request_reason = $4,"
		"  next_run = CASE WHEN start_at > clock_timestamp() THEN start_at END,"
		"  runs = CASE WHEN $5 THEN 0 ELSE runs END,"
		"  attempts = CASE WHEN $5 THEN 0 ELSE attempts END,"
		"  revert_runs = CASE WHEN state = 'revert-failed' THEN $6 ELSE revert_runs END,"
		"  held = false, finished = NULL, modified = clock_timestamp()"
		" WHERE job_id = ANY ($1) RETURNING job_id, state)"
		"INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', state FROM changed",
		6, {INT8ARRAYOID, TEXTOID, OIDOID, TEXTOID, BOOLOID, INT4OID}
	};
	Datum		values[6];
	char		nulls[6];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = cj_store_id_array(ids, nids);
	values[1] = CStringGetTextDatum(cj_job_state_name(next));
	values[2] = ObjectIdGetDatum(roleid);
	values[3] = (reason == NULL) ? (Datum) 0 : CStringGetTextDatum(cj_job_error_clip(reason));
	nulls[3] = (reason == NULL) ? 'n' : ' ';
	values[4] = BoolGetDatum(verb == CJ_CONTROL_RESUME);
	values[5] = Int32GetDatum(cj_guc_revert_max_attempts - 1);
	cj_store_run(&update, values, nulls);
}

/*
 * Note what has been asked of a job, or that there was nothing to ask.
 */
static void
note_request(CjControlVerb verb, const ControlTarget *target)
{
	CjJobEvent	event = {
		.job_id = target->id,
		.job_type = target->type,
		.state = target->next,
		.resumed = verb == CJ_CONTROL_RESUME
	};

	if (target->next == target->state)
		cj_job_event_add_locked(target->id);
	else
		cj_job_event_add(&event);
}

/*
 * Raise the error for a job that was not locked, if it is there: "roleid" may
 * not control it.
 */
static void
check_unlocked(Oid roleid, int64 id)
{
	static CjStatement read = {
		"SELECT owner::oid, held FROM jobs.job WHERE job_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(id);
	bool		isnull;

	if (cj_store_run(&read, &value, NULL) > 0)
		cj_privilege_check_control(roleid, id,
								   DatumGetObjectId(cj_store_value(0, 1, &isnull)),
								   DatumGetBool(cj_store_value(0, 2, &isnull)));
}

/*
 * Has a verb a meaning for a job in its state?  If not, statements about jobs
 * that are not named leave it alone.
 */
static bool
is_possible(CjControlVerb verb, const ControlTarget *target)
{
	switch (verb)
	{
		case CJ_CONTROL_CANCEL:
			return target->state == CJ_JOB_PENDING ||
				target->state == CJ_JOB_RUNNING ||
				(target->state == CJ_JOB_PAUSED && !target->was_reverting);
		case CJ_CONTROL_PAUSE:
			return target->state == CJ_JOB_PENDING ||
				target->state == CJ_JOB_RUNNING ||
				target->state == CJ_JOB_REVERTING;
		case CJ_CONTROL_RESUME:
			return target->state == CJ_JOB_PAUSED;
	}
	return false;
}

/*
 * The locked job with this id, NULL if there is none.
 */
static ControlTarget *
find_target(int64 id, ControlTarget *targets, int ntargets)
{
	return bsearch(&id, targets, ntargets, sizeof(ControlTarget),
				   cj_ids_compare);
}

/*
 * As decide_all(), for jobs that are not named: those for which the verb means
 * nothing, or that are gone meanwhile, are left alone.  Returns how many are not.
 */
static int
decide_possible(CjControlVerb verb, Oid roleid, const int64 *ids, int nids,
				ControlTarget *targets, int ntargets)
{
	int			npossible = 0;

	for (int i = 0; i < nids; i++)
	{
		ControlTarget *target = find_target(ids[i], targets, ntargets);

		if (target == NULL)
			check_unlocked(roleid, ids[i]);
		else if (is_possible(verb, target))
		{
			decide(verb, target);
			npossible++;
		}
	}
	return npossible;
}

/*
 * Check every id in the order of the statement: the first one that cannot be
 * handled decides the error, whatever the order of the rows in the table.
 */
static void
decide_all(CjControlVerb verb, Oid roleid, const int64 *ids, int nids,
		   ControlTarget *targets, int ntargets)
{
	for (int i = 0; i < nids; i++)
	{
		ControlTarget *target = find_target(ids[i], targets, ntargets);

		if (target == NULL)
		{
			check_unlocked(roleid, ids[i]);
			cj_job_error_not_found(ids[i]);
		}
		if (target->next == target->state)
			decide(verb, target);
	}
}

/*
 * Write the requests that have been decided, and have the workers told when the
 * transaction commits.
 */
static void
write_decided(CjControlVerb verb, Oid roleid, const char *reason,
			  const ControlTarget *targets, int ntargets)
{
	int64	   *changed = palloc_extended((ntargets + 1) * sizeof(int64),
										  MCXT_ALLOC_HUGE);

	for (int next = 0; next < CJ_JOB_NSTATES; next++)
	{
		int			nchanged = 0;

		for (int i = 0; i < ntargets; i++)
		{
			if ((int) targets[i].next == next &&
				targets[i].next != targets[i].state)
				changed[nchanged++] = targets[i].id;
		}
		if (nchanged > 0)
		{
			if (verb == CJ_CONTROL_CANCEL && next == CJ_JOB_REVERTING)
				revive(changed, nchanged);
			write_requests(verb, (CjJobState) next, changed, nchanged, roleid,
						   reason);
			cj_job_pending_add_requests(changed, nchanged);
		}
	}
	for (int i = 0; i < ntargets; i++)
		note_request(verb, &targets[i]);
	pfree(changed);
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
	ControlTarget *targets;
	int			ntargets;
	int64		nhandled = nids;

	StaticAssertStmt(offsetof(ControlTarget, id) == 0,
					 "cj_ids_compare() compares targets by their first field");

	PreventCommandIfReadOnly(commands[verb]);
	nothers = cj_job_self_take_out(verb, roleid, ids, nids, &others);
	if (nothers == 0)
		return nhandled;

	cj_store_open(&scope, false);
	cj_job_pending_add_requests(NULL, 0);
	targets = lock_targets(&scope, roleid, others, nothers, &ntargets);
	if (named)
		decide_all(verb, roleid, others, nothers, targets, ntargets);
	else
		nhandled = nids - nothers +
			decide_possible(verb, roleid, others, nothers, targets, ntargets);
	write_decided(verb, roleid, reason, targets, ntargets);
	cj_store_close(&scope);

	return nhandled;
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
