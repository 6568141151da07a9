/*-------------------------------------------------------------------------
 *
 * worker_takeover.c
 *	  Part of the coordinator: the jobs of workers that are gone.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_takeover.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/base_store.h"
#include "base/base_wait.h"
#include "job/job_claim_store.h"
#include "job/job_queue_store.h"
#include "job/job_store.h"
#include "job/job_type.h"
#include "worker/worker_place.h"
#include "worker/worker_slot.h"
#include "worker/worker_turn.h"

/*
 * A worker that was terminated is looked at after this, in milliseconds: the
 * server may be shutting down, and then this process is about to know, too.
 */
#define SHUTDOWN_DELAY 200

/* Have the claims that this process has found to be freed yet? */
static bool stale_claims = true;

/*
 * Free the claims whose workers are not there any more, and cancel what belongs
 * to a database of which this one is a copy.  Done when a coordinator starts,
 * until no row is locked: later on slots tell.
 */
static void
free_stale_claims(void)
{
	uint64	   *alive;
	int			nalive = 0;
	bool		freed;
	bool		canceled;

	if (!stale_claims)
		return;

	alive = palloc(2 * cj_worker_shared->nslots * sizeof(uint64));
	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_FREE || slot->database != MyDatabaseId)
			continue;
		if (slot->job_id != 0)
			alive[nalive++] = slot->generation;
		if (slot->next.job_id != 0)
			alive[nalive++] = slot->next.generation;
	}
	cj_worker_unlock();

	cj_turn_begin();
	freed = cj_job_claim_free_stale(cj_worker_shared->server_start, alive, nalive);
	canceled = cj_job_queue_cancel_copies();
	stale_claims = !freed || !canceled;
	cj_store_commit();

	/* What was freed may have a request. */
	cj_turn_note_all_requested();
	pfree(alive);
}

/*
 * Would a worker for this owner fail to connect next time, too?
 */
static bool
is_permanent(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		ERRCODE_TO_CATEGORY(sqlerrcode) ==
		ERRCODE_TO_CATEGORY(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION);
}

/*
 * Would the job of a LOST slot, which this or another process had begun, leave
 * something behind?
 */
static bool
has_to_be_undone(const CjWorkerSlot *lost)
{
	CjJob	   *job = cj_job_store_read_claimed(lost->job_id, lost->generation);

	return job != NULL && cj_job_type_may_need_cleanup(job);
}

/*
 * Take over the job of a LOST slot, of which "lost" is a copy.  Returns false
 * if it has to wait.
 */
static bool
take_over_job(const CjWorkerSlot *lost)
{
	bool		taken;

	if (lost->error_code == ERRCODE_ADMIN_SHUTDOWN && !lost->requested &&
		!TimestampDifferenceExceeds(lost->since, GetCurrentTimestamp(),
									SHUTDOWN_DELAY))
		return false;

	cj_turn_begin();
	if (lost->begun || is_permanent(lost->error_code))
		taken = cj_job_claim_lost(lost->job_id, lost->generation,
								  (lost->begun || !lost->fresh) && has_to_be_undone(lost),
								  lost->begun,
								  lost->timed_out ? "job exceeded its timeout" : lost->error,
								  lost->timed_out ? ERRCODE_QUERY_CANCELED : lost->error_code);
	else
	{
		/* A worker that left by itself wants a successor at once. */
		taken = cj_job_claim_release(lost->job_id, lost->generation,
									 lost->fresh,
									 lost->error_code == 0 ? 0 : CJ_RETRY_INTERVAL);
		cj_turn_check_owners();
	}
	cj_store_commit();
	if (taken)
		cj_turn_note_requested(lost->job_id);

	if (taken && lost->begun && !lost->requested)
		ereport(LOG,
				(errcode(lost->error_code),
				 errmsg("job %lld failed: %s", (long long) lost->job_id,
						lost->error)));
	return taken;
}

/*
 * Take over the jobs of workers that ended without finishing them.  Returns
 * the milliseconds after which to look again, -1 if none is left.
 */
static long
take_over_lost_jobs(void)
{
	long		timeout = -1;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];
		CjWorkerSlot lost;

		cj_worker_lock(LW_SHARED);
		lost = *slot;
		cj_worker_unlock();
		if (lost.state != CJ_SLOT_LOST || lost.database != MyDatabaseId)
			continue;

		/* The job that it was given ahead has to be taken back first. */
		if (lost.next.job_id != 0 || !take_over_job(&lost))
		{
			timeout = cj_shorter(timeout, SHUTDOWN_DELAY);
			continue;
		}
		cj_worker_lock(LW_EXCLUSIVE);
		cj_worker_slot_clear_job(slot);
		cj_worker_slot_set_state(slot, CJ_SLOT_FREE);
		cj_worker_unlock();
	}
	return timeout;
}

/*
 * Take over the jobs of all workers that ended without finishing them, of
 * earlier coordinators' and the server's earlier start's, too.  Returns the
 * milliseconds after which to look again, -1 if none is left.
 */
long
cj_turn_take_over_jobs(void)
{
	long		timeout;

	free_stale_claims();
	timeout = take_over_lost_jobs();
	if (stale_claims)
		timeout = cj_shorter(timeout, CJ_LOCKED_INTERVAL);
	return timeout;
}
