/*-------------------------------------------------------------------------
 *
 * worker_checkpoint.c
 *	  Commits in the middle of a job's work.
 *
 * What a job has done since its last commit, its checkpoint and its messages are
 * committed together, and only if the row still says what it said when the
 * worker read it: a request that was committed before stops the job there, and
 * the work behind the last checkpoint is undone.  So every run begins exactly
 * where the last checkpoint says.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_checkpoint.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/base_pausepoint.h"
#include "job/job_error.h"
#include "job/job_message.h"
#include "job/job_progress_store.h"
#include "job/job_self.h"
#include "job/job_store.h"
#include "worker/worker_checkpoint.h"
#include "worker/worker_slot.h"

/* Checkpoints record progress this often at most, in milliseconds. */
#define RECORD_INTERVAL 1000

/*
 * Do what the work has put off to the commit of its transaction: deferred
 * triggers, cursors WITH HOLD.  That can take long, and once the job's row is
 * changed a request would have to wait for it.
 */
void
cj_worker_run_deferred(void)
{
	do
		AfterTriggerFireDeferred();
	while (PreCommit_Portals(false));
}

/*
 * Raise an error where a commit is not possible.
 */
static void
check_may_commit(const CjJob *job)
{
	cj_job_self_check(job);
	if (IsTransactionBlock() || IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a job cannot commit its work within a transaction block or subtransaction")));
	if (ActiveSnapshotSet())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a job cannot commit its work while a snapshot is active")));
}

/*
 * Write the job's progress into its history, in the transaction of a
 * checkpoint, but not with each of many.
 */
static void
record_progress(const CjJob *job)
{
	static int64 recorded_job = 0;
	static TimestampTz recorded = 0;
	TimestampTz now = GetCurrentTimestamp();
	double		fraction;
	char		status[CJ_STATUS_LENGTH];

	cj_worker_slot_progress(cj_my_slot, &fraction, status);
	if (fraction < 0)
		return;
	if (recorded_job == job->id &&
		!TimestampDifferenceExceeds(recorded, now, RECORD_INTERVAL))
		return;
	cj_job_progress_record(job->id, fraction);
	recorded_job = job->id;
	recorded = now;
}

/*
 * Commit the work that has been done, with job->checkpoint, and begin another
 * transaction.
 *
 * Raises query_canceled if the job was stopped: nothing is committed then.
 */
void
cj_worker_commit(CjJob *job)
{
	check_may_commit(job);
	cj_worker_run_deferred();
	CHECK_FOR_INTERRUPTS();

	/* The work may have caught the error that was to stop it. */
	if (cj_job_self_request() != CJ_JOB_RUNNING)
		cj_job_error_stopped();

	cj_job_message_flush(job->id);
	cj_job_store_checkpoint(job);
	record_progress(job);
	cj_pausepoint("worker.before_checkpoint");
	CommitTransactionCommand();
	cj_job_message_drop();
	pgstat_report_stat(false);
	cj_pausepoint("worker.after_checkpoint");

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	MemoryContextSwitchTo(MessageContext);
}

/*
 * As cj_worker_commit(), with a new checkpoint, which is copied.
 */
void
cj_worker_save_checkpoint(CjJob *job, const Jsonb *checkpoint)
{
	Jsonb	   *last = job->checkpoint;

	check_may_commit(job);
	if (checkpoint == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the checkpoint of a job must not be null")));

	job->checkpoint = MemoryContextAlloc(MessageContext, VARSIZE(checkpoint));
	memcpy(job->checkpoint, checkpoint, VARSIZE(checkpoint));
	cj_worker_commit(job);
	if (last != NULL)
		pfree(last);
}
