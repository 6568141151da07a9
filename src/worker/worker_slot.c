/*-------------------------------------------------------------------------
 *
 * worker_slot.c
 *	  Shared memory of the worker room, and the slots of workers.
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
#include "job/job_event.h"
#include "job/job_wait.h"
#include "worker/worker_server_progress.h"
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
								   sizeof(CjCoordinatorPlace)));
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
		cj_worker_shared->launcher.scan = true;
		pg_atomic_init_u32(&cj_worker_shared->quiet, 0);
		cj_worker_shared->nslots = max_worker_processes;
		cj_worker_shared->coordinators = (CjCoordinatorPlace *)
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
 * Put a slot into a state.  Needs the lock, exclusively.
 */
void
cj_worker_slot_set_state(CjWorkerSlot *slot, CjSlotState state)
{
	Assert(state != CJ_SLOT_FREE || slot->next.job_id == 0);

	slot->state = state;
	slot->since = GetCurrentTimestamp();
}

/*
 * Take the job and all that was said about it out of a slot, but for the one
 * that was claimed ahead.  Needs the lock, exclusively.
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
	slot->finishing = false;
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
 * Do all slots of this database have jobs of this extension?  Else it was
 * dropped and created again since.
 */
bool
cj_worker_slots_are_of(Oid extension)
{
	bool		all = true;

	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state != CJ_SLOT_FREE && slot->database == MyDatabaseId)
			all &= slot->extension == extension;
	}
	cj_worker_unlock();

	return all;
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
		live->server_fraction = live->fraction < 0 ?
			cj_worker_server_progress(slot->backend) : -1;
		njobs++;
	}
	cj_worker_unlock();

	return njobs;
}

/*
 * CjJobRunnersHook.
 */
static int
find_runners(CjJobRunner **runners)
{
	CjLiveJob  *jobs;
	int			njobs = cj_worker_live_jobs(&jobs);

	*runners = palloc((njobs + 1) * sizeof(CjJobRunner));
	for (int i = 0; i < njobs; i++)
	{
		(*runners)[i].job_id = jobs[i].job_id;
		(*runners)[i].pid = jobs[i].pid;
	}
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
	bool		first;

	if (slot == NULL || slot->job_id == 0)
		return false;

	SpinLockAcquire(&slot->mutex);
	first = !slot->progress_new;
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

	if (first)
		cj_coordinator_notify(slot->database);
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
	cj_job_event_init();
	cj_job_wait_set_runners(find_runners);
	cj_worker_signal_init();
	cj_database_hook_init();
	cj_watch_init();
	cj_launcher_register();
}
