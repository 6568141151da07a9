/*-------------------------------------------------------------------------
 *
 * worker_slot.c
 *	  Shared memory of the worker room: coordinators and worker slots.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_slot.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "base/base_guc.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

#define TRANCHE_NAME "cancel_job"

CjWorkerShared *cj_worker_shared = NULL;
CjWorkerSlot *cj_my_slot = NULL;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

/*
 * Size of our shared memory: no more processes than max_worker_processes can
 * ever run.
 */
static Size
shared_size(void)
{
	Size		size;

	size = MAXALIGN(offsetof(CjWorkerShared, slots));
	size = add_size(size, mul_size(max_worker_processes, sizeof(CjWorkerSlot)));
	size = MAXALIGN(size);
	size = add_size(size, mul_size(max_worker_processes,
								   sizeof(CjCoordinatorSlot)));
	return size;
}

/*
 * shmem_request_hook.
 */
static void
request_shared(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();

	RequestAddinShmemSpace(shared_size());
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

/*
 * shmem_startup_hook: make our shared memory, anew after a crash.
 */
static void
startup_shared(void)
{
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	cj_worker_shared = ShmemInitStruct("cancel_job", shared_size(), &found);
	if (!found)
	{
		memset(cj_worker_shared, 0, shared_size());
		cj_worker_shared->lock = &(GetNamedLWLockTranche(TRANCHE_NAME))->lock;
		cj_worker_shared->server_start = GetCurrentTimestamp();
		cj_worker_shared->next_generation = 1;
		cj_worker_shared->scan_databases = true;
		cj_worker_shared->nslots = max_worker_processes;
		cj_worker_shared->coordinators = (CjCoordinatorSlot *)
			((char *) cj_worker_shared +
			 MAXALIGN(offsetof(CjWorkerShared, slots) +
					  max_worker_processes * sizeof(CjWorkerSlot)));
		for (int i = 0; i < max_worker_processes; i++)
			SpinLockInit(&cj_worker_shared->slots[i].mutex);
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Install the shared memory hooks.  Called once, at preload.
 */
static void
init_shared(void)
{
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shared;
}

/*
 * Take the room's lock.  Held for a few loads and stores and for sending
 * signals; nothing that may raise an error happens under it.
 */
void
cj_worker_lock(LWLockMode mode)
{
	LWLockAcquire(cj_worker_shared->lock, mode);
}

/*
 * Release the room's lock.
 */
void
cj_worker_unlock(void)
{
	LWLockRelease(cj_worker_shared->lock);
}

/*
 * The place of a database's coordinator; NULL if there is none and it may not
 * or cannot be created.  Needs the lock, exclusively to create.
 */
CjCoordinatorSlot *
cj_coordinator_slot(Oid database, bool create)
{
	CjCoordinatorSlot *unused = NULL;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorSlot *slot = &cj_worker_shared->coordinators[i];

		if (slot->database == database)
			return slot;
		if (!OidIsValid(slot->database) && unused == NULL)
			unused = slot;
	}

	if (create && unused != NULL)
	{
		memset(unused, 0, sizeof(CjCoordinatorSlot));
		unused->database = database;
		return unused;
	}
	return NULL;
}

/*
 * Make the coordinator of a database look for work; have the launcher start
 * it if it does not run.
 */
void
cj_coordinator_wake(Oid database)
{
	CjCoordinatorSlot *slot;

	cj_worker_lock(LW_EXCLUSIVE);
	slot = cj_coordinator_slot(database, true);
	if (slot != NULL && slot->latch != NULL)
	{
		slot->woken = true;
		SetLatch(slot->latch);
	}
	else
	{
		if (slot != NULL)
			slot->wanted = true;
		else
			cj_worker_shared->scan_databases = true;
		if (cj_worker_shared->launcher != NULL)
			SetLatch(cj_worker_shared->launcher);
	}
	cj_worker_unlock();
}

/*
 * Tell the coordinator of a database of jobs that requests were committed for.
 * One that does not run looks at all when it starts.
 */
void
cj_coordinator_request(Oid database, const int64 *ids, int nids)
{
	CjCoordinatorSlot *slot;

	cj_worker_lock(LW_EXCLUSIVE);
	slot = cj_coordinator_slot(database, false);
	if (slot != NULL)
	{
		if (slot->nrequested + nids > CJ_MAX_REQUESTED)
			slot->nrequested = CJ_MAX_REQUESTED + 1;
		else
		{
			memcpy(slot->requested + slot->nrequested, ids, nids * sizeof(int64));
			slot->nrequested += nids;
		}
	}
	cj_worker_unlock();
	cj_coordinator_wake(database);
}

/*
 * Take what cj_coordinator_request() has told this process, the coordinator of
 * its database: up to CJ_MAX_REQUESTED ids.  Returns their number, -1 for all
 * jobs.
 */
int
cj_coordinator_take_requested(int64 *ids)
{
	CjCoordinatorSlot *mine;
	int			nids = 0;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = cj_coordinator_slot(MyDatabaseId, false);
	if (mine != NULL)
	{
		nids = mine->nrequested;
		if (nids > CJ_MAX_REQUESTED)
			nids = -1;
		else
			memcpy(ids, mine->requested, nids * sizeof(int64));
		mine->nrequested = 0;
	}
	cj_worker_unlock();

	return nids;
}

/*
 * Make the coordinators look again that had jobs but no place for them, all
 * but one.  Needs the lock, exclusively.
 */
static void
wake_starved(const CjCoordinatorSlot *but)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorSlot *slot = &cj_worker_shared->coordinators[i];

		if (slot != but && slot->starved && slot->latch != NULL)
		{
			slot->starved = false;
			slot->woken = true;
			SetLatch(slot->latch);
		}
	}
}

/*
 * Make the coordinators look again that had jobs but no place for them: one
 * has become free.
 */
void
cj_coordinator_wake_starved(void)
{
	cj_worker_lock(LW_EXCLUSIVE);
	wake_starved(NULL);
	cj_worker_unlock();
}

/*
 * Reserve places for jobs that this process, the coordinator of its database,
 * is about to claim: as many as jobs.max_running leaves.
 *
 * Until cj_worker_unreserve() the coordinator counts as starved, so that a
 * place that becomes free meanwhile is not overlooked.
 */
int
cj_worker_reserve(void)
{
	CjCoordinatorSlot *mine;
	int			available = Min(cj_guc_max_running, cj_worker_shared->nslots);

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjSlotState state = cj_worker_shared->slots[i].state;

		if (state == CJ_SLOT_STARTING || state == CJ_SLOT_BUSY ||
			state == CJ_SLOT_LOST)
			available--;
		available -= cj_worker_shared->coordinators[i].reserved;
	}
	mine = cj_coordinator_slot(MyDatabaseId, false);
	if (mine == NULL || available < 0)
		available = 0;
	if (mine != NULL)
	{
		mine->reserved = available;
		mine->starved = true;
	}
	cj_worker_unlock();

	return available;
}

/*
 * Give back what cj_worker_reserve() reserved: "nused" claimed jobs have slots
 * now.  With "more" jobs due than there was place for, the coordinator stays
 * starved.
 *
 * Others are woken only if there is something for them: two coordinators that
 * starve must not wake each other for ever.
 */
void
cj_worker_unreserve(int nused, bool more)
{
	CjCoordinatorSlot *mine;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = cj_coordinator_slot(MyDatabaseId, false);
	if (mine != NULL)
	{
		if (mine->reserved > nused)
			wake_starved(mine);
		mine->reserved = 0;
		if (!more)
			mine->starved = false;
	}
	cj_worker_unlock();
}

/*
 * Put a slot into a state.  Needs the lock, exclusively.
 */
void
cj_worker_slot_set_state(CjWorkerSlot *slot, CjSlotState state)
{
	slot->state = state;
	slot->since = GetCurrentTimestamp();
}

/*
 * Take the job and all that was said about it out of a slot.  Needs the lock,
 * exclusively.
 */
void
cj_worker_slot_clear_job(CjWorkerSlot *slot)
{
	slot->job_id = 0;
	slot->generation = 0;
	slot->fresh = false;
	slot->begun = false;
	slot->requested = false;
	slot->deadline = 0;
	slot->timed_out = false;
	slot->error_code = 0;
	SpinLockAcquire(&slot->mutex);
	slot->progress_new = false;
	slot->pinned = false;
	slot->fraction = -1;
	slot->status[0] = '\0';
	SpinLockRelease(&slot->mutex);
}

/*
 * An attempt at the job in the slot begins that may take so many milliseconds:
 * the coordinator sees to it.
 */
void
cj_worker_slot_set_deadline(CjWorkerSlot *slot, int64 timeout)
{
	cj_worker_lock(LW_EXCLUSIVE);
	slot->timed_out = false;
	slot->deadline = GetCurrentTimestamp() + timeout * 1000;
	cj_worker_unlock();
	cj_coordinator_wake(slot->database);
}

/*
 * The attempt is over.  Returns whether it has taken too long.
 */
bool
cj_worker_slot_clear_deadline(CjWorkerSlot *slot)
{
	bool		timed_out;

	cj_worker_lock(LW_EXCLUSIVE);
	timed_out = slot->timed_out;
	slot->timed_out = false;
	slot->deadline = 0;
	cj_worker_unlock();

	return timed_out;
}

/*
 * Read the progress of the job in a slot; "status" has CJ_STATUS_LENGTH bytes.
 */
void
cj_worker_slot_progress(CjWorkerSlot *slot, double *fraction, char *status)
{
	SpinLockAcquire(&slot->mutex);
	*fraction = slot->fraction;
	memcpy(status, slot->status, CJ_STATUS_LENGTH);
	SpinLockRelease(&slot->mutex);
}

/*
 * The jobs that workers of this database have now, in the current memory
 * context; returns their number.
 */
int
cj_worker_live_jobs(CjLiveJob **jobs)
{
	int			njobs = 0;

	*jobs = NULL;
	if (cj_worker_shared == NULL)
		return 0;				/* the library is not preloaded */
	*jobs = palloc0(cj_worker_shared->nslots * sizeof(CjLiveJob));

	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];
		CjLiveJob  *live = &(*jobs)[njobs];

		if (slot->state != CJ_SLOT_BUSY || slot->database != MyDatabaseId ||
			slot->job_id == 0)
			continue;
		live->job_id = slot->job_id;
		live->generation = slot->generation;
		live->owner = slot->owner;
		live->pid = slot->pid;
		cj_worker_slot_progress(slot, &live->fraction, live->status);
		njobs++;
	}
	cj_worker_unlock();

	return njobs;
}

/*
 * The job that this process works on, 0 if it is no worker or has none.
 */
int64
cj_worker_my_job(void)
{
	return cj_my_slot != NULL ? cj_my_slot->job_id : 0;
}

/*
 * Tell the progress of the job that this process works on: a negative fraction
 * and a NULL status leave theirs as it is.  "status" is shorter than
 * CJ_STATUS_LENGTH.  Returns false if this process works on no job.
 */
bool
cj_worker_report_progress(double fraction, const char *status)
{
	CjWorkerSlot *slot = cj_my_slot;

	if (slot == NULL || slot->job_id == 0)
		return false;

	SpinLockAcquire(&slot->mutex);
	if (fraction >= 0)
		slot->fraction = fraction;
	if (status != NULL)
		strlcpy(slot->status, status, CJ_STATUS_LENGTH);
	slot->progress_new = true;

	/*
	 * Under an isolation level that keeps its snapshot the job could not
	 * finish if the coordinator had written the row meanwhile.
	 */
	slot->pinned = IsolationUsesXactSnapshot();
	SpinLockRelease(&slot->mutex);
	return true;
}

/*
 * Install the room: shared memory, hooks, the launcher.  Called once, at
 * preload.
 */
void
cj_worker_init(void)
{
	init_shared();
	cj_worker_signal_init();
	cj_database_hook_init();
	cj_launcher_register();
}
