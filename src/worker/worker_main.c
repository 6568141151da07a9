/*-------------------------------------------------------------------------
 *
 * worker_main.c
 *	  The process that runs jobs, one after the other, as their owner.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_main.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"

#include "base/base_guc.h"
#include "base/base_wait.h"
#include "compat.h"
#include "worker/worker_ahead.h"
#include "worker/worker_process.h"
#include "worker/worker_session.h"
#include "worker/worker_slot.h"

/* A process that has no job after this gives memory back, in milliseconds. */
#define REST_DELAY 1000

PGDLLEXPORT void cj_worker_main(Datum arg);

/*
 * before_shmem_exit: leave the slot.
 *
 * Registered before the connection is made, so that it runs after the abort of
 * the job's transaction.  A job that is still in the slot was not finished:
 * the coordinator takes it over.
 */
static void
leave_slot(int code, Datum arg)
{
	CjWorkerSlot *slot = cj_my_slot;
	bool		lost = slot->job_id != 0;
	int			error_code;
	const char *error = cj_worker_last_error(&error_code);

	cj_worker_lock(LW_EXCLUSIVE);
	if (lost)
	{
		if (code != 0 && error == NULL)
		{
			error = "the job's worker process was terminated";
			error_code = ERRCODE_ADMIN_SHUTDOWN;
		}
		slot->error_code = error_code;
		strlcpy(slot->error, error != NULL ? error : "", CJ_STATUS_LENGTH);
		cj_worker_slot_set_state(slot, CJ_SLOT_LOST);
	}
	else
		cj_worker_slot_set_state(slot, CJ_SLOT_FREE);
	slot->pid = 0;
	slot->latch = NULL;
	slot->backend = NULL;
	cj_coordinator_place_freed(slot->database, lost);
	cj_worker_unlock();
	cj_my_slot = NULL;
}

/*
 * Ask the postmaster for a worker process for a slot; its job and owner are in
 * the slot.  Returns NULL if there is no room for another background worker.
 */
BackgroundWorkerHandle *
cj_worker_start(int index, uint64 generation)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	cj_process_describe(&worker, "cj_worker_main", "cancel_job worker");
	worker.bgw_main_arg = Int32GetDatum(index);
	memcpy(worker.bgw_extra, &generation, sizeof(generation));
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

/*
 * Take the slot that this process was started for.  Ends the process if its
 * job was taken back meanwhile.
 */
static void
enter_slot(int index, uint64 generation)
{
	CjWorkerSlot *slot = &cj_worker_shared->slots[index];
	bool		mine;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = slot->state == CJ_SLOT_STARTING && slot->pid == 0 &&
		slot->generation == generation;
	if (mine)
	{
		slot->pid = MyProcPid;
		slot->latch = MyLatch;
	}
	cj_worker_unlock();

	if (!mine)
		proc_exit(0);
	cj_my_slot = slot;
	before_shmem_exit(leave_slot, (Datum) 0);
}

/*
 * Begin with the slot's job, if there is one; returns whether there is.
 *
 * A signal that was meant for the job before must not hit this one, so the
 * flag is cleared where no new signal can be sent.
 */
static bool
begin_job(void)
{
	bool		begun = false;

	cj_worker_lock(LW_EXCLUSIVE);
	if (cj_my_slot->state == CJ_SLOT_STARTING)
	{
		QueryCancelPending = false;
		cj_my_slot->backend = MyBEEntry;
		cj_worker_slot_set_state(cj_my_slot, CJ_SLOT_BUSY);
		cj_my_slot->begun = true;
		begun = true;
	}
	cj_worker_unlock();

	return begun;
}

/*
 * The job is over, and its row says so: its place passes to the one that was
 * claimed ahead, or is offered.
 */
static void
end_job(void)
{
	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_slot_clear_job(cj_my_slot);
	if (cj_ahead_advance(cj_my_slot))
		cj_coordinator_place_passed(cj_my_slot->database);
	else
	{
		cj_worker_slot_set_state(cj_my_slot, CJ_SLOT_IDLE);
		cj_coordinator_place_freed(cj_my_slot->database, true);
	}
	cj_worker_unlock();
}

/*
 * Is this process to exit, since it was told to or has been idle for long?
 */
static bool
must_leave(void)
{
	bool		leave;

	cj_worker_lock(LW_EXCLUSIVE);
	leave = cj_my_slot->state == CJ_SLOT_LEAVING ||
		(cj_my_slot->state == CJ_SLOT_IDLE &&
		 TimestampDifferenceExceeds(cj_my_slot->since,
									GetCurrentTimestamp(),
									cj_guc_worker_idle_timeout));
	if (leave)
		cj_worker_slot_set_state(cj_my_slot, CJ_SLOT_LEAVING);
	cj_worker_unlock();

	return leave;
}

/*
 * Has this process been without a job for so long that it should not keep memory
 * for the next one?
 */
static bool
is_at_rest(void)
{
	bool		at_rest;

	cj_worker_lock(LW_SHARED);
	at_rest = cj_my_slot->state == CJ_SLOT_IDLE &&
		TimestampDifferenceExceeds(cj_my_slot->since, GetCurrentTimestamp(),
								   REST_DELAY);
	cj_worker_unlock();

	return at_rest;
}

/*
 * Does a job wait in our slot that a process with the owner's present settings
 * should run?  This one then makes way for it.
 */
static bool
is_outdated(void)
{
	bool		waits;

	cj_worker_lock(LW_SHARED);
	waits = cj_my_slot->state == CJ_SLOT_STARTING;
	cj_worker_unlock();

	return waits && cj_worker_session_outdated();
}

/*
 * Main function of a worker; "arg" is its slot.
 */
void
cj_worker_main(Datum arg)
{
	uint64		generation;
	bool		trimmed = false;

	memcpy(&generation, MyBgworkerEntry->bgw_extra, sizeof(generation));
	enter_slot(DatumGetInt32(arg), generation);
	cj_worker_capture_output();

	/* Only a job's work can be cancelled: worker_run.c lets it be. */
	HOLD_CANCEL_INTERRUPTS();
	cj_process_unblock_signals();
	BackgroundWorkerInitializeConnectionByOid(cj_my_slot->database,
											  cj_my_slot->owner,
											  BGWORKER_BYPASS_ROLELOGINCHECK);
	cj_worker_session_start();

	for (;;)
	{
		cj_wait_interrupts(CJ_WAIT_WORKER);
		cj_wait_reload();
		if (is_outdated())
			proc_exit(0);
		else if (begin_job())
		{
			cj_worker_run_job(cj_my_slot);
			/* While the session is made ready, the next job is looked for. */
			end_job();
			cj_worker_session_discard();
			trimmed = false;
		}
		else if (must_leave())
			proc_exit(0);
		else if (!trimmed && is_at_rest())
		{
			cj_worker_session_trim();
			trimmed = true;
		}
		else
			cj_wait_latch(CJ_WAIT_WORKER, trimmed ? cj_guc_worker_idle_timeout :
						  Min(REST_DELAY, cj_guc_worker_idle_timeout));
	}
}
