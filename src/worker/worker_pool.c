/*-------------------------------------------------------------------------
 *
 * worker_pool.c
 *	  The worker processes of a database: found, started, told to leave.
 *
 * Part of the coordinator, which alone calls this, but for cj_pool_evict_idle().
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_pool.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "worker/worker_ahead.h"
#include "worker/worker_pool.h"
#include "worker/worker_slot.h"

/* A worker process that has not come up after this, in milliseconds, never will. */
#define START_TIMEOUT (2 * 60 * 1000)

/* A worker process that was asked for and may fail to come up. */
typedef struct StartedWorker
{
	int			index;
	uint64		generation;
	BackgroundWorkerHandle *handle;
} StartedWorker;

static List *started_workers = NIL;

/*
 * Turn a slot whose process has not come up into a lost one.  Needs the lock,
 * exclusively.
 */
static void
lose_slot(CjWorkerSlot *slot)
{
	slot->error_code = ERRCODE_INSUFFICIENT_RESOURCES;
	strlcpy(slot->error, "could not start a worker process", CJ_STATUS_LENGTH);
	cj_worker_slot_set_state(slot, CJ_SLOT_LOST);
}

/*
 * Turn slots whose process the postmaster could not start into lost ones; and
 * those whose starter, an earlier coordinator, did not live to see it.
 */
void
cj_pool_check_started(void)
{
	TimestampTz now = GetCurrentTimestamp();
	ListCell   *lc;

	foreach(lc, started_workers)
	{
		StartedWorker *started = lfirst(lc);
		CjWorkerSlot *slot = &cj_worker_shared->slots[started->index];
		BgwHandleStatus status;
		pid_t		pid;

		status = GetBackgroundWorkerPid(started->handle, &pid);
		if (status == BGWH_NOT_YET_STARTED)
			continue;

		if (status == BGWH_STOPPED)
		{
			cj_worker_lock(LW_EXCLUSIVE);
			if (slot->state == CJ_SLOT_STARTING && slot->pid == 0 &&
				slot->generation == started->generation)
				lose_slot(slot);
			cj_worker_unlock();
		}
		pfree(started->handle);
		pfree(started);
		started_workers = foreach_delete_current(started_workers, lc);
	}

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_STARTING && slot->pid == 0 &&
			slot->database == MyDatabaseId &&
			TimestampDifferenceExceeds(slot->since, now, START_TIMEOUT))
			lose_slot(slot);
	}
	cj_worker_unlock();
}

/*
 * An idle worker of this owner, or NULL.  Needs the lock.
 */
static CjWorkerSlot *
find_idle_worker(Oid owner)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_IDLE && slot->database == MyDatabaseId &&
			slot->owner == owner)
			return slot;
	}
	return NULL;
}

/*
 * A worker of this owner that is about to be done, or NULL.  Needs the lock.
 */
static CjWorkerSlot *
find_finishing_worker(Oid owner)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (cj_ahead_is_possible(slot) && slot->owner == owner)
			return slot;
	}
	return NULL;
}

/*
 * Tell the worker that has been idle longest to exit, if there is one: its
 * place is needed.  Returns whether there is.  Needs the lock, exclusively.
 */
static bool
evict_idle_worker(void)
{
	CjWorkerSlot *oldest = NULL;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_IDLE &&
			(oldest == NULL || slot->since < oldest->since))
			oldest = slot;
	}
	if (oldest != NULL)
	{
		cj_worker_slot_set_state(oldest, CJ_SLOT_LEAVING);
		SetLatch(oldest->latch);
	}
	return oldest != NULL;
}

/*
 * Tell idle workers to exit for as long as there are more than
 * jobs.max_running processes, with "more" that are about to start.  Needs the
 * lock, exclusively.
 */
static void
evict_idle_workers(int more)
{
	int			nprocesses = more;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjSlotState state = cj_worker_shared->slots[i].state;

		if (state != CJ_SLOT_FREE && state != CJ_SLOT_LEAVING)
			nprocesses++;
	}
	while (nprocesses > cj_guc_max_running && evict_idle_worker())
		nprocesses--;
}

/*
 * A free slot, or NULL; makes room if jobs.max_running processes are there
 * already.  Needs the lock, exclusively.
 */
static CjWorkerSlot *
find_free_slot(void)
{
	CjWorkerSlot *unused = NULL;

	for (int i = 0; i < cj_worker_shared->nslots && unused == NULL; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_FREE)
			unused = slot;
	}
	if (unused != NULL)
		evict_idle_workers(1);
	else
		(void) evict_idle_worker();
	return unused;
}

/*
 * Start the process for a slot and remember that it has to come up.  Returns
 * false if there is no room for another background worker.
 */
static bool
start_worker(int index, uint64 generation)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	BackgroundWorkerHandle *handle = cj_worker_start(index, generation);

	if (handle != NULL)
	{
		StartedWorker *started = palloc(sizeof(StartedWorker));

		started->index = index;
		started->generation = generation;
		started->handle = handle;
		started_workers = lappend(started_workers, started);
	}
	MemoryContextSwitchTo(old);

	return handle != NULL;
}

/*
 * Put a claimed job into the slot of an idle worker of its owner, or into a free
 * one: *start is set if its process is to be started.  Returns NULL if there is
 * neither.  Needs the lock, exclusively.
 */
static CjWorkerSlot *
fill_slot(const CjJobClaim *claim, Oid extension, bool *start)
{
	CjWorkerSlot *slot = find_idle_worker(claim->owner);

	*start = slot == NULL;
	if (*start)
	{
		slot = find_free_slot();
		if (slot == NULL)
			return NULL;
		slot->database = MyDatabaseId;
		slot->extension = extension;
		slot->owner = claim->owner;
		slot->pid = 0;
		slot->latch = NULL;
	}
	cj_worker_slot_clear_job(slot);
	cj_worker_slot_set_state(slot, CJ_SLOT_STARTING);
	slot->job_id = claim->id;
	slot->generation = claim->generation;
	slot->fresh = claim->fresh;
	strlcpy(slot->type, claim->type, NAMEDATALEN);
	if (!*start)
		SetLatch(slot->latch);
	return slot;
}

/*
 * Take a job back that was put into a free slot: there is no room for its
 * process.  Has somebody make room.
 */
static void
empty_slot(CjWorkerSlot *slot)
{
	bool		evicted;

	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_slot_clear_job(slot);
	cj_worker_slot_set_state(slot, CJ_SLOT_FREE);
	evicted = evict_idle_worker();
	cj_worker_unlock();
	if (!evicted)
		(void) cj_place_ask_to_yield(false);
}

/*
 * Hand a claimed job to an idle worker of its owner, or start one; if no place is
 * left, give it ahead to a worker that is about to be done.  Says so if that is
 * not possible now.
 */
CjPoolAnswer
cj_pool_assign(const CjJobClaim *claim)
{
	Oid			extension = cj_extension_oid();
	CjWorkerSlot *slot;
	bool		start = false;
	bool		has_place;

	cj_worker_lock(LW_EXCLUSIVE);
	has_place = cj_worker_places_left() > 0;
	if (has_place)
		slot = fill_slot(claim, extension, &start);
	else if ((slot = find_finishing_worker(claim->owner)) != NULL)
		cj_ahead_give(slot, claim);
	cj_worker_unlock();

	if (slot == NULL)
		return has_place ? CJ_POOL_NO_PROCESS : CJ_POOL_NO_PLACE;
	if (start && !start_worker(slot - cj_worker_shared->slots, claim->generation))
	{
		empty_slot(slot);
		return CJ_POOL_NO_PROCESS;
	}
	return CJ_POOL_ASSIGNED;
}

/*
 * Has a slot a job that counts for the limits?  Needs the lock.
 */
static bool
is_running(const CjWorkerSlot *slot)
{
	return slot->state == CJ_SLOT_STARTING || slot->state == CJ_SLOT_BUSY;
}

/*
 * The share of an owner among "n" shares, which is added if need be.
 */
static CjJobShare *
owner_share(CjJobShare *shares, int *n, Oid owner)
{
	int			i = 0;

	while (i < *n && shares[i].owner != owner)
		i++;
	if (i == *n)
		shares[(*n)++].owner = owner;
	return &shares[i];
}

/*
 * How many jobs each owner has running, in all databases, and how many may be
 * claimed ahead.  A job that was claimed ahead counts, and so does the one
 * before, which may not be over.
 */
const CjJobShare *
cj_pool_owner_shares(int *nshares)
{
	CjJobShare *shares = palloc0(cj_worker_shared->nslots * sizeof(CjJobShare));
	int			n = 0;

	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];
		CjJobShare *share;

		if (!is_running(slot))
			continue;
		share = owner_share(shares, &n, slot->owner);
		share->jobs += slot->next.job_id != 0 ? 2 : 1;
		if (cj_ahead_is_possible(slot))
			share->ahead++;
	}
	cj_worker_unlock();

	*nshares = n;
	return shares;
}

/*
 * How many jobs of a type run, in all databases, with those that were claimed
 * ahead.
 */
int
cj_pool_count_type(const char *type)
{
	int			n = 0;

	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (is_running(slot) && strcmp(slot->type, type) == 0)
			n++;
		if (slot->next.job_id != 0 && strcmp(slot->next.type, type) == 0)
			n++;
	}
	cj_worker_unlock();

	return n;
}

/*
 * Do as many jobs run as may run at the same time?
 */
bool
cj_pool_is_full(void)
{
	int			nrunning = 0;

	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		if (is_running(&cj_worker_shared->slots[i]))
			nrunning++;
	}
	cj_worker_unlock();

	return nrunning >= cj_guc_max_running;
}

/*
 * Tell idle workers to exit that are more than jobs.max_running allows.
 */
void
cj_pool_shrink(void)
{
	cj_worker_lock(LW_EXCLUSIVE);
	evict_idle_workers(0);
	cj_worker_unlock();
}

/*
 * Tell the worker that has been idle longest to exit, of whatever database: its
 * process is needed.  Returns whether there is one.
 */
bool
cj_pool_evict_idle(void)
{
	bool		evicted;

	cj_worker_lock(LW_EXCLUSIVE);
	evicted = evict_idle_worker();
	cj_worker_unlock();

	return evicted;
}
