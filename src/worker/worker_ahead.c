/*-------------------------------------------------------------------------
 *
 * worker_ahead.c
 *	  Jobs that are claimed for workers which are about to be done.
 *
 * A worker that has nothing left to do for its job but to commit says so in its
 * slot.  While that commit is written to disk, the coordinator can claim the
 * job that is to follow, and the worker goes on with it at once.
 *
 * The slot has two jobs then, and one place: the job that follows is begun when
 * the one before is over.  Until then both count wherever jobs are counted.  If
 * the worker is not done soon, for whatever reason, the coordinator takes the job
 * back, and it is claimed again as any other.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_ahead.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "worker/worker_ahead.h"
#include "worker/worker_place.h"

/*
 * A worker that is not done after this, in milliseconds, may never be, as one
 * whose commit waits for a standby.
 */
#define PATIENCE 100

/*
 * Say that nothing but to commit is left of the job in our slot.  The
 * coordinator is woken if jobs wait for a place: there is none for others.
 */
void
cj_ahead_announce(CjWorkerSlot *slot)
{
	cj_worker_lock(LW_EXCLUSIVE);
	slot->finishing = true;
	cj_coordinator_place_expected(slot->database);
	cj_worker_unlock();
}

/*
 * Put the job that was claimed ahead, if there is one, into the slot, whose own
 * job is over; returns whether there is.  A request for it is found in its
 * row.  Needs the lock, exclusively.
 */
bool
cj_ahead_advance(CjWorkerSlot *slot)
{
	CjNextJob  *next = &slot->next;

	Assert(slot->job_id == 0);
	if (next->job_id == 0)
		return false;

	slot->job_id = next->job_id;
	slot->generation = next->generation;
	slot->fresh = next->fresh;
	strlcpy(slot->type, next->type, NAMEDATALEN);
	next->job_id = 0;
	cj_worker_slot_set_state(slot, CJ_SLOT_STARTING);
	return true;
}

/*
 * Can a slot of this database be given a job ahead?  Needs the lock.
 */
bool
cj_ahead_is_possible(const CjWorkerSlot *slot)
{
	return slot->state == CJ_SLOT_BUSY && slot->finishing &&
		slot->next.job_id == 0 && slot->database == MyDatabaseId;
}

/*
 * Give a claimed job ahead to a slot.  Needs the lock, exclusively.
 */
void
cj_ahead_give(CjWorkerSlot *slot, const CjJobClaim *claim)
{
	CjNextJob  *next = &slot->next;

	Assert(cj_ahead_is_possible(slot));
	next->job_id = claim->id;
	next->generation = claim->generation;
	next->fresh = claim->fresh;
	strlcpy(next->type, claim->type, NAMEDATALEN);
	next->since = GetCurrentTimestamp();
}

/*
 * Take jobs of this database back that workers were given ahead and have not
 * begun for too long.  Their claims are for the caller to release: "claims" has
 * room for one of each slot.  Returns their number.
 */
int
cj_ahead_take_back(CjJobClaim *claims)
{
	TimestampTz now = GetCurrentTimestamp();
	int			nclaims = 0;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->next.job_id == 0 || slot->database != MyDatabaseId ||
			!TimestampDifferenceExceeds(slot->next.since, now, PATIENCE))
			continue;
		claims[nclaims].id = slot->next.job_id;
		claims[nclaims].generation = slot->next.generation;
		claims[nclaims].fresh = slot->next.fresh;
		nclaims++;
		slot->next.job_id = 0;
		slot->finishing = false;
	}
	cj_worker_unlock();

	return nclaims;
}

/*
 * The milliseconds after which to look for jobs to take back, -1 if no worker of
 * this database has been given one ahead.
 */
long
cj_ahead_timeout(void)
{
	bool		any = false;

	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		any |= slot->next.job_id != 0 && slot->database == MyDatabaseId;
	}
	cj_worker_unlock();

	return any ? PATIENCE : -1;
}
