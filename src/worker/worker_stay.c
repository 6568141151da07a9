/*-------------------------------------------------------------------------
 *
 * worker_stay.c
 *	  A coordinator's stay in its place: when it enters, rests and ends.
 *
 * A coordinator ends when its database has no work and no worker process, and
 * leaves in its place the time at which the launcher is to start the next one.
 * It rests for jobs.coordinator_idle_timeout before that, for the next job may
 * come soon.
 *
 * If other databases wait for its place, it ends as soon as it may, even if
 * workers are busy: they need no coordinator, and when one is done the launcher
 * is told.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_stay.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"

#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "worker/worker_place.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

/*
 * A coordinator that has workers looks around this often, in milliseconds: a
 * process that the postmaster could not start is found.
 */
#define LOOK_INTERVAL (60 * 1000)

/* A worker that comes up keeps others waiting: it is looked after this often. */
#define START_INTERVAL 100

/* For what is due within this, in milliseconds, no process ends. */
#define SHORT_TIME 1000

/* After this, in milliseconds, a coordinator that breaks down had worked. */
#define LONG_TIME (60 * 1000)

/* The processes that work on this database's jobs. */
typedef struct Workers
{
	bool		any;
	bool		busy;			/* some have a job */
	bool		starting;		/* some have not come up yet */
} Workers;

/* Does this database accept no connections at present?  Set by the coordinator. */
bool		cj_stay_closed = false;

static CjCoordinatorPlace *my_place = NULL;

/* When this coordinator last was woken, or had workers at work. */
static TimestampTz last_active = 0;

/* Did it decide to end?  Else it is started again as soon as may be. */
static bool decided = false;
static long decided_due = CJ_NOTHING_DUE;

/*
 * The time after "delay" milliseconds, DT_NOEND for CJ_NOTHING_DUE.
 */
static TimestampTz
time_after(TimestampTz now, long delay)
{
	if (delay == CJ_NOTHING_DUE)
		return DT_NOEND;
	return now + (TimestampTz) delay * 1000;
}

/*
 * on_shmem_exit: leave the place to the launcher.
 *
 * Registered before the connection is made, so that it runs when the process
 * is not connected to the database any more: a command that waits for this
 * place to become empty finds nobody there.
 *
 * What came after the decision to end counts.
 */
static void
leave_place(int code, Datum arg)
{
	CjCoordinatorPlace *place = my_place;
	TimestampTz now = GetCurrentTimestamp();

	cj_worker_lock(LW_EXCLUSIVE);
	place->lasted = TimestampDifferenceExceeds(place->since, now, LONG_TIME);
	place->state = CJ_PLACE_ENDED;
	place->since = now;
	place->pid = 0;
	place->latch = NULL;
	place->reserved = 0;
	place->failed = code != 0;
	if (!decided || place->woken)
	{
		place->due = now;
		place->starved = false;
	}
	else
		place->due = time_after(now, decided_due);
	cj_launcher_wake();
	cj_worker_unlock();
}

/*
 * Take the place that this process was started for.  Ends the process if the
 * place was given away meanwhile.
 */
void
cj_stay_enter(int index, Oid database)
{
	CjCoordinatorPlace *place = &cj_worker_shared->coordinators[index];
	bool		mine;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = place->state == CJ_PLACE_STARTING && place->database == database;
	if (mine)
	{
		place->state = CJ_PLACE_RUNNING;
		place->since = GetCurrentTimestamp();
		place->pid = MyProcPid;
		place->latch = MyLatch;
		place->nrequested = 0;	/* it begins with all jobs */
		last_active = place->since;
	}
	cj_worker_unlock();

	if (!mine)
		proc_exit(0);
	my_place = place;
	on_shmem_exit(leave_place, (Datum) 0);
}

/*
 * Begin a turn: whatever this process was woken for before, it is about to
 * look at.  Returns false if it was told to exit.
 */
bool
cj_stay_begin_turn(void)
{
	bool		stay;

	cj_worker_lock(LW_EXCLUSIVE);
	stay = !my_place->leave;
	if (my_place->woken)
		last_active = GetCurrentTimestamp();
	my_place->woken = false;
	my_place->idle = false;
	cj_worker_unlock();

	return stay;
}

/*
 * Look at the workers of this database.  Needs the lock.
 */
static Workers
look_at_workers(void)
{
	Workers		workers = {0};

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_FREE || slot->database != MyDatabaseId)
			continue;
		workers.any = true;
		workers.busy |= slot->state != CJ_SLOT_IDLE &&
			slot->state != CJ_SLOT_LEAVING;
		workers.starting |= slot->state == CJ_SLOT_STARTING && slot->pid == 0;
	}
	return workers;
}

/*
 * May this process end, with the next work due after "due" milliseconds?  If
 * not, *timeout is set to the milliseconds after which to ask again.
 */
static bool
may_end(Workers workers, long due, long *timeout)
{
	long		linger = my_place->scan ? 0 : cj_guc_coordinator_idle_timeout;
	long		rested;

	*timeout = my_place->yield ? START_INTERVAL : LOOK_INTERVAL;
	if (workers.starting)
		return false;
	if (cj_stay_closed && !workers.busy)
		return true;
	if (my_place->yield)
		return true;
	if (workers.any || my_place->starved)
		return false;

	if (due != CJ_NOTHING_DUE && due <= Max(linger, SHORT_TIME))
		return false;
	rested = TimestampDifferenceMilliseconds(last_active, GetCurrentTimestamp());
	*timeout = linger - rested;
	return rested >= linger;
}

/*
 * The milliseconds that the coordinator is to wait after a turn, when the next
 * work is due after "due" milliseconds (CJ_NOTHING_DUE: none is); negative if
 * it is to end.
 *
 * Looks whether something came up since the turn began: what waits in between,
 * for a lock or for a page, may have used up the latch.
 */
long
cj_stay_timeout(long due)
{
	Workers		workers;
	long		timeout;
	bool		end;

	cj_worker_lock(LW_EXCLUSIVE);
	workers = look_at_workers();
	if (workers.busy)
	{
		last_active = GetCurrentTimestamp();
		my_place->scan = false;
	}
	my_place->idle = !workers.busy && due != 0;
	if (my_place->idle && cj_worker_shared->launcher.waiting)
		cj_launcher_wake();
	end = may_end(workers, due, &timeout);
	if (my_place->woken || my_place->leave || ConfigReloadPending)
	{
		end = false;
		timeout = 0;
	}
	cj_worker_unlock();

	if (end)
		return -1;
	if (due != CJ_NOTHING_DUE)
		timeout = Min(timeout, Max(due, 1));
	return timeout;
}

/*
 * End this process, with the next work due after "due" milliseconds.  Others
 * may need the processes that have no job.
 */
void
cj_stay_end(long due)
{
	cj_pausepoint("coordinator.before_exit");
	(void) cj_worker_slots_leave(MyDatabaseId, false);
	decided = true;
	decided_due = cj_stay_closed ? 0 : due;
	proc_exit(0);
}
