/*-------------------------------------------------------------------------
 *
 * worker_signal.c
 *	  How a committed request reaches the worker that has the job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_signal.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"

#include "base/base_guc.h"
#include "job/job_pending.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

/* A worker that has not obeyed is signalled again after this, in milliseconds. */
#define RESIGNAL_INTERVAL 100

/*
 * Send a signal to the process group of a worker, and so to the programs it
 * has started, as pg_cancel_backend() does.  Needs the lock, so that the slot
 * cannot pass on to another process meanwhile.
 */
static void
signal_worker(const CjWorkerSlot *slot, int signo)
{
	if (slot->pid == 0)
		return;
#ifdef HAVE_SETSID
	if (kill(-slot->pid, signo) == 0)
		return;
#endif
	(void) kill(slot->pid, signo);
}

/*
 * Interrupt the work of a slot because of a request.  Needs the lock,
 * exclusively.
 *
 * A worker that has not begun finds the request in its job's row.
 */
static void
request_slot(CjWorkerSlot *slot)
{
	if (!slot->requested)
	{
		slot->requested = true;
		slot->requested_at = GetCurrentTimestamp();
	}
	if (slot->state == CJ_SLOT_BUSY)
		signal_worker(slot, SIGINT);
}

/*
 * Is the job among these?
 */
static bool
is_among(int64 job_id, const int64 *ids, int nids)
{
	for (int i = 0; i < nids; i++)
	{
		if (ids[i] == job_id)
			return true;
	}
	return false;
}

/*
 * CjJobCommitHook: after a commit, interrupt the workers of the jobs that
 * requests were made for, and wake the coordinator.
 *
 * A job that was paused and resumed may be in two slots, one of them of a
 * worker that is just putting it away: that one ignores the signal.
 */
static void
after_commit(const int64 *requested, int nrequested)
{
	if (cj_worker_shared == NULL)
		return;

	if (nrequested > 0)
	{
		cj_worker_lock(LW_EXCLUSIVE);
		for (int i = 0; i < cj_worker_shared->nslots; i++)
		{
			CjWorkerSlot *slot = &cj_worker_shared->slots[i];

			if ((slot->state == CJ_SLOT_BUSY || slot->state == CJ_SLOT_STARTING) &&
				slot->database == MyDatabaseId &&
				is_among(slot->job_id, requested, nrequested))
				request_slot(slot);
		}
		cj_worker_unlock();
	}

	/* It takes up what no worker has, and sees to it that workers obey. */
	cj_coordinator_wake(MyDatabaseId);
}

/*
 * Signal the workers of this database again that have not obeyed a request;
 * terminate those whose grace period is over.
 *
 * Returns the milliseconds after which to look again, -1 if all have obeyed.
 */
long
cj_worker_enforce_requests(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long		timeout = -1;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state != CJ_SLOT_BUSY || slot->database != MyDatabaseId ||
			!slot->requested)
			continue;

		if (TimestampDifferenceExceeds(slot->requested_at, now,
									   cj_guc_cancel_grace_period))
			signal_worker(slot, SIGTERM);
		else if (TimestampDifferenceExceeds(slot->requested_at, now,
											RESIGNAL_INTERVAL))
			signal_worker(slot, SIGINT);
		timeout = RESIGNAL_INTERVAL;
	}
	cj_worker_unlock();

	return timeout;
}

/*
 * Make the workers of a database exit that have no job, and with "busy_too"
 * terminate the others; returns how many processes are still there.  Slots
 * that a process left its job in are cleared if "busy_too".
 */
int
cj_worker_slots_leave(Oid database, bool busy_too)
{
	int			left = 0;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_FREE || slot->database != database)
			continue;
		if (slot->state == CJ_SLOT_IDLE)
			cj_worker_slot_set_state(slot, CJ_SLOT_LEAVING);
		if (slot->state == CJ_SLOT_LEAVING)
			SetLatch(slot->latch);
		else if (!busy_too)
			continue;
		else if (slot->pid != 0)
			signal_worker(slot, SIGTERM);
		else
		{
			/* lost, or never started: it finds the slot taken back */
			cj_worker_slot_clear_job(slot);
			cj_worker_slot_set_state(slot, CJ_SLOT_FREE);
			continue;
		}
		left++;
	}
	cj_worker_unlock();

	return left;
}

/*
 * Install what happens at commit.  Called once, at preload.
 */
void
cj_worker_signal_init(void)
{
	cj_job_pending_init(after_commit);
}
