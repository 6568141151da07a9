/*-------------------------------------------------------------------------
 *
 * worker_run.c
 *	  What a worker does with the job in its slot.
 *
 * The job's row is the truth: the worker reads it before every stage, and
 * changes it only if it is still in the state that was read.  The work runs in
 * a transaction which commits together with the job's last state; if a request
 * has changed the row meanwhile, both are undone and the request is carried
 * out.  Signals only hurry.
 *
 * A query cancel can interrupt the work and nothing else: the process holds
 * cancels off (worker_main.c) but for try_job().  A request's signal can come
 * late, when the worker has found the request in the row and dealt with it
 * already; it is told from a cancel that somebody else sent by the slot's mark.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_run.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "replication/slot.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/timeout.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_store.h"
#include "compat.h"
#include "job/job_error.h"
#include "job/job_message.h"
#include "job/job_retry.h"
#include "job/job_self.h"
#include "job/job_store.h"
#include "job/job_type.h"
#include "worker/worker_ahead.h"
#include "worker/worker_checkpoint.h"
#include "worker/worker_session.h"
#include "worker/worker_slot.h"

/* The transaction in which the work began. */
static LocalTransactionId begun_in = InvalidLocalTransactionId;

/*
 * Error context callback: name the job.
 */
static void
name_job(void *arg)
{
	errcontext("job %lld", (long long) *(int64 *) arg);
}

/*
 * From here on, requests are found in the row that is read next: forget what
 * was signalled.  Returns whether the slot was marked.
 */
static bool
acknowledge_request(CjWorkerSlot *slot)
{
	bool		requested;

	cj_worker_lock(LW_EXCLUSIVE);
	requested = slot->requested;
	slot->requested = false;
	QueryCancelPending = false;
	cj_worker_unlock();

	return requested;
}

/*
 * Commit bookkeeping in which the job's messages were written.
 */
static void
commit_with_messages(void)
{
	cj_store_commit();
	cj_job_message_drop();
}

/*
 * Write a change of the job's state, and its progress.  Returns false if the
 * row is not in the state any more that was read.
 */
static bool
change_job(const CjJob *job, CjJobChange *change)
{
	char		status[CJ_STATUS_LENGTH];

	cj_worker_slot_progress(cj_my_slot, &change->fraction, status);
	change->has_reported = change->fraction >= 0;
	if (change->to == CJ_JOB_SUCCEEDED)
		change->fraction = 1;
	change->has_fraction = change->fraction >= 0;
	change->status = status[0] != '\0' ? status : NULL;
	return cj_job_store_change(job, change);
}

/*
 * Has this job something to undo?  Not one whose type has never been there to do
 * anything.
 */
static bool
needs_cleanup(const CjJob *job)
{
	if (cj_my_slot->fresh && cj_job_type_find(job->type) == NULL)
		return false;
	return cj_job_type_needs_cleanup(job);
}

/*
 * Write what a request that was found in the row leads to.  If the row has
 * changed again, that is found when it is read next.
 */
static void
carry_out_request(const CjJob *job)
{
	CjJobChange change = {0};

	if (job->state == CJ_JOB_PAUSE_REQUESTED)
		change.to = CJ_JOB_PAUSED;
	else
	{
		change.outcome = CJ_OUTCOME_CANCELED;
		change.error = CJ_JOB_CANCELED_ERROR;
		change.sqlstate = unpack_sql_state(ERRCODE_QUERY_CANCELED);
		change.keep_claim = needs_cleanup(job);
		change.to = change.keep_claim ? CJ_JOB_REVERTING : CJ_JOB_CANCELED;
	}
	cj_job_message_flush(job->id);
	(void) change_job(job, &change);
}

/*
 * The slot's job as its row says, in a state in which there is something to
 * do; requests are carried out first.  NULL: the job is not ours any more.
 */
static CjJob *
read_job(CjWorkerSlot *slot)
{
	for (;;)
	{
		CjJob	   *job;

		(void) acknowledge_request(slot);
		cj_store_begin();

		/* Without the extension there is no job: its coordinator ends us. */
		if (!cj_extension_hold())
			proc_exit(0);
		job = cj_job_store_read_claimed(slot->job_id, slot->generation);
		if (job == NULL || !cj_job_state_is_request(job->state))
		{
			cj_store_commit();
			return job;
		}
		carry_out_request(job);
		commit_with_messages();
	}
}

/*
 * Finish a job none of whose work is left to commit: it is done, whatever was
 * requested meanwhile.
 */
static void
finish_committed(const CjJob *job, CjJobState to)
{
	CjJobChange change = {.to = to};
	bool		changed = false;

	CommitTransactionCommand();
	MemoryContextSwitchTo(MessageContext);
	HOLD_CANCEL_INTERRUPTS();
	while (!changed)
	{
		CjJob	   *row;

		cj_store_begin();
		row = cj_job_store_read_claimed(job->id, job->generation);
		if (row == NULL)
			changed = true;
		else
		{
			row->result_tag = job->result_tag;
			row->result_rows = job->result_rows;
			changed = change_job(row, &change);
		}
		cj_job_message_flush(job->id);
		commit_with_messages();
	}
	RESUME_CANCEL_INTERRUPTS();
}

/*
 * Finish a job in the transaction of its work, whose deferred part has been
 * done: both commit or neither.
 */
static void
finish_job(const CjJob *job, CjJobState to)
{
	CjJobChange change = {.to = to};

	/* The work may have caught the error that was to stop it. */
	if (cj_job_self_request() != CJ_JOB_RUNNING)
		cj_job_error_stopped();

	if (job->work_committed)
		finish_committed(job, to);
	else
	{
		cj_ahead_announce(cj_my_slot);
		cj_job_message_flush(job->id);
		if (!change_job(job, &change))
			cj_job_error_stopped();
		cj_pausepoint("worker.before_commit");
		CommitTransactionCommand();
		MemoryContextSwitchTo(MessageContext);
		cj_job_message_drop();
	}
}

/*
 * Begin the transaction of the work.
 */
static void
begin_work(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	MemoryContextSwitchTo(MessageContext);
	begun_in = cj_my_local_xid();
}

/*
 * Do the work of a running job and finish it.
 */
static void
do_work(CjJob *job)
{
	begin_work();
	cj_pausepoint("worker.before_work");
	if (job->timeout > 0)
		cj_worker_slot_set_deadline(cj_my_slot, job->timeout);
	cj_job_type_require(job->type)->resume(job);
	cj_pausepoint("worker.after_work");
	if (!job->work_committed)
		cj_worker_run_deferred();
	if (job->timeout > 0 && cj_worker_slot_clear_deadline(cj_my_slot))
		CHECK_FOR_INTERRUPTS();
	finish_job(job, CJ_JOB_SUCCEEDED);
}

/*
 * Undo what a reverting job has done and finish it.
 */
static void
undo_work(CjJob *job)
{
	const CjJobType *type;

	begin_work();
	cj_pausepoint("worker.before_undo");
	type = cj_job_type_require(job->type);
	if (cj_job_type_needs_cleanup(job))
		type->on_fail_or_cancel(job);
	cj_pausepoint("worker.after_undo");
	if (!job->work_committed)
		cj_worker_run_deferred();
	finish_job(job, job->outcome == CJ_OUTCOME_CANCELED ?
			   CJ_JOB_CANCELED : CJ_JOB_FAILED);
}

/*
 * Bring the process back into order after an error, as PostgresMain() does.
 */
static void
abandon_work(void)
{
	HOLD_INTERRUPTS();
	disable_all_timeouts(false);
	QueryCancelPending = false;
	debug_query_string = NULL;
	AbortOutOfAnyTransaction();
	PortalErrorCleanup();
	if (MyReplicationSlot != NULL)
		ReplicationSlotRelease();
	cj_replication_slot_cleanup();

	jit_reset_after_error();
	MemoryContextSwitchTo(MessageContext);
	RESUME_INTERRUPTS();
}

/*
 * Run the stage that the job is in.  Returns the error that ended it, NULL if
 * the job is finished.
 */
static ErrorData *
try_job(CjJob *job)
{
	ErrorData  *volatile edata = NULL;

	cj_job_self_begin(job);
	PG_TRY();
	{
		QueryCancelHoldoffCount = 0;
		if (job->state == CJ_JOB_REVERTING)
			undo_work(job);
		else
			do_work(job);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(MessageContext);
		edata = CopyErrorData();
		FlushErrorState();
		/* a procedure, or COMMIT in the text */
		if (cj_my_local_xid() != begun_in)
			job->part_committed = true;
	}
	PG_END_TRY();

	/* An error has set this to 0. */
	QueryCancelHoldoffCount = 1;
	cj_job_self_end();
	if (edata != NULL)
		abandon_work();
	disable_all_timeouts(false);
	debug_query_string = NULL;
	return edata;
}

/*
 * Tell the server log that a job failed.
 */
static void
log_failure(const CjJob *job, const char *what, const char *error,
			const ErrorData *edata)
{
	ereport(LOG,
			(errcode(edata->sqlerrcode),
			 errmsg("%s %lld failed: %s", what, (long long) job->id, error),
			 edata->detail_log != NULL ? errdetail_internal("%s", edata->detail_log) :
			 edata->detail != NULL ? errdetail_internal("%s", edata->detail) : 0,
			 errhidestmt(true), errhidecontext(true)));
}

/*
 * Is the work to be tried again after this error?  Not if a part of it has been
 * committed, unless its type goes on from there.
 */
static bool
is_worth_retrying(const CjJob *job, const ErrorData *edata, bool timed_out)
{
	const CjJobType *type = cj_job_type_find(job->type);

	if (job->attempts + 1 >= job->max_attempts || type == NULL)
		return false;
	if (job->part_committed && (type->flags & CJ_TYPE_RESUMABLE) == 0)
		return false;
	return timed_out || cj_job_retry_is_worthwhile(edata->sqlerrcode);
}

/*
 * The work of a running job failed, or it took too long: keep the error, and try
 * again later, or undo if there is something to undo.
 */
static void
fail_job(const CjJob *job, const ErrorData *edata, bool timed_out)
{
	CjJobChange change = {
		.error = timed_out ? psprintf("job exceeded its timeout of %lld ms",
									  (long long) job->timeout) :
		cj_job_error_clip(edata->message),
		.sqlstate = unpack_sql_state(edata->sqlerrcode),
		.attempt_failed = true
	};
	bool		retry = is_worth_retrying(job, edata, timed_out);

	if (retry)
	{
		change.to = CJ_JOB_RUNNING;
		change.retry_delay = cj_job_retry_delay(job->attempts);
		change.retry = true;
	}
	else
	{
		change.outcome = CJ_OUTCOME_FAILED;
		change.keep_claim = needs_cleanup(job);
		change.to = change.keep_claim ? CJ_JOB_REVERTING : CJ_JOB_FAILED;
	}
	cj_job_message_add(ERROR, edata->sqlerrcode, change.error);
	cj_job_message_flush(job->id);
	if (change_job(job, &change) && !retry)
		log_failure(job, "job", change.error, edata);
}

/*
 * The clean-up failed: try again later, or give up.
 */
static void
fail_cleanup(const CjJob *job, const ErrorData *edata)
{
	CjJobChange change = {
		.to = CJ_JOB_REVERTING,
		.revert_error = cj_job_error_clip(edata->message),
		.retry_delay = cj_job_retry_delay(job->revert_runs),
		.retry = true
	};

	if (job->revert_runs + 1 >= cj_guc_revert_max_attempts)
	{
		change.to = CJ_JOB_REVERT_FAILED;
		change.retry = false;
	}
	cj_job_message_add(ERROR, edata->sqlerrcode, change.revert_error);
	cj_job_message_flush(job->id);
	if (change_job(job, &change) && change.to == CJ_JOB_REVERT_FAILED)
		log_failure(job, "clean-up of job", change.revert_error, edata);
}

/*
 * Decide what becomes of the job after its work has ended with an error.  What
 * the row says comes first; a change that finds the row changed again does
 * nothing, and the next look at the row decides.
 */
static void
settle_error(CjWorkerSlot *slot, const CjJob *attempt, const ErrorData *edata)
{
	bool		timed_out = cj_worker_slot_clear_deadline(slot);
	bool		requested = acknowledge_request(slot);
	bool		settled = true;
	CjJob	   *job;

	cj_store_begin();
	if (!cj_extension_hold())
		proc_exit(0);
	job = cj_job_store_read_claimed(slot->job_id, slot->generation);
	if (job == NULL || cj_job_state_is_request(job->state))
		settled = false;
	else if (cj_job_self_request() != CJ_JOB_RUNNING)
	{
		CjJobChange change = {
			.to = cj_job_self_request(),
			.keep_claim = true
		};

		(void) change_job(job, &change);
		settled = false;
	}
	else if (requested && edata->sqlerrcode == ERRCODE_QUERY_CANCELED)
		 /* the late signal of a request that was dealt with: try again */ ;
	else if (job->state == CJ_JOB_REVERTING)
		fail_cleanup(job, edata);
	else
	{
		job->part_committed = attempt->part_committed;
		fail_job(job, edata, timed_out && edata->sqlerrcode == ERRCODE_QUERY_CANCELED);
	}
	cj_store_commit();

	/* What the job said is written with the request, or has been. */
	if (settled)
		cj_job_message_drop();
}

/*
 * Tell pg_stat_activity what we are at.
 */
static void
report_job(const CjJob *job)
{
	char		name[NAMEDATALEN];

	snprintf(name, sizeof(name), "cancel_job %s %lld", job->type,
			 (long long) job->id);
	cj_worker_session_name(name);
	pgstat_report_activity(STATE_RUNNING, job->statement);
}

/*
 * Take the job in the slot as far as it goes: to a last state, to a pause, or
 * to another attempt that has to wait.
 *
 * Needs no transaction, and query cancels held off.  An error that is raised
 * from here is none of the job's: it ends the process, and the coordinator
 * takes the job over.
 */
void
cj_worker_run_job(CjWorkerSlot *slot)
{
	ErrorContextCallback callback;
	CjJob	   *job;

	MemoryContextSwitchTo(MessageContext);
	MemoryContextReset(MessageContext);
	callback.callback = name_job;
	callback.arg = &slot->job_id;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	/* What was said since the last job is not this one's. */
	cj_job_message_drop();
	while ((job = read_job(slot)) != NULL)
	{
		ErrorData  *edata;

		report_job(job);
		edata = try_job(job);
		if (edata == NULL)
			break;				/* it is finished */
		settle_error(slot, job, edata);
		cj_worker_session_discard();
	}
	error_context_stack = callback.previous;
}
