/*-------------------------------------------------------------------------
 *
 * worker_launcher.c
 *	  The process that keeps a coordinator for each database.
 *
 * Starts the coordinator of a database when a commit there wants one and none
 * runs, or when the time has come that the last one named when it ended; at the
 * launcher's own start, one for each database, to look.  For any number of
 * databases there are only so many places: who waits gets one in turn.  Wakes
 * only for these reasons, and never exits by itself.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_launcher.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/base_clock.h"
#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_wait.h"
#include "compat.h"
#include "worker/worker_due.h"
#include "worker/worker_place.h"
#include "worker/worker_pool.h"
#include "worker/worker_process.h"
#include "worker/worker_slot.h"

/* Coordinators that are only to look, at the same time. */
#define MAX_SCANS 4

/*
 * If the server has no room for another process, it is asked again after the
 * first, then after twice as long and so on, up to the last; milliseconds.
 */
#define FIRST_START_RETRY 100
#define LAST_START_RETRY 10000

/* A coordinator that comes up is looked after this often, in milliseconds. */
#define START_INTERVAL 1000

/*
 * While something is to be due, never sleep for longer than this, for the clock
 * may be set; milliseconds.
 */
#define LONGEST_INTERVAL (60 * 1000)

/* What can be said to a database whose turn it is. */
typedef enum Seat
{
	SEAT_MINE,					/* it has got a place */
	SEAT_TAKEN,					/* it had one already */
	SEAT_HELD,					/* a command wants the database for itself */
	SEAT_SCANS_FULL,			/* others are looked into first */
	SEAT_FULL					/* there is none */
} Seat;

/* When the server may have room for a process again, and how often it had not. */
static TimestampTz next_start = 0;
static int	nfailed_starts = 0;

/* The coordinators that were asked for, by place; NULL: none under way. */
static BackgroundWorkerHandle **started = NULL;

PGDLLEXPORT void cj_launcher_main(Datum arg);

/*
 * Have the postmaster start the launcher, now and whenever it has ended.
 * Called once, at preload.
 */
void
cj_launcher_register(void)
{
	BackgroundWorker worker;

	cj_process_describe(&worker, "cj_launcher_main", "cancel_job launcher");
	worker.bgw_restart_time = 1;
	worker.bgw_notify_pid = 0;
	RegisterBackgroundWorker(&worker);
}

/*
 * before_shmem_exit: nobody may set our latch any more.
 */
static void
forget_launcher(int code, Datum arg)
{
	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_shared->launcher.latch = NULL;
	cj_worker_unlock();
}

/*
 * Begin to read catalogs.  The memory context stays the caller's, there and in
 * end_catalog_access().
 */
static void
begin_catalog_access(void)
{
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
}

/*
 * End what begin_catalog_access() began.
 */
static void
end_catalog_access(void)
{
	CommitTransactionCommand();
	MemoryContextSwitchTo(TopMemoryContext);
}

/*
 * Have each database looked into: which of them have the extension, and work,
 * only a process in them can tell.
 */
static void
want_all_databases(void)
{
	TimestampTz now = GetCurrentTimestamp();
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	begin_catalog_access();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		cj_due_want(database->oid, now, true);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	end_catalog_access();
	cj_pausepoint("launcher.after_scan");
}

/*
 * Take what this process was told since the last time into its own memory.
 * Without memory for it the launcher ends, and the next one looks at all
 * databases.
 */
static void
take_wanted(void)
{
	CjLauncherShared *told = palloc(sizeof(CjLauncherShared));
	CjLauncherShared *launcher = &cj_worker_shared->launcher;
	TimestampTz now = GetCurrentTimestamp();

	cj_worker_lock(LW_EXCLUSIVE);
	memcpy(told, launcher, sizeof(CjLauncherShared));
	launcher->scan = false;
	launcher->recheck = false;
	launcher->waiting = false;
	launcher->nfreed = 0;
	launcher->nwanted = 0;
	cj_worker_unlock();

	for (int i = 0; i < told->nwanted; i++)
		cj_due_want(told->wanted[i].database, now, told->wanted[i].scan);
	if (told->recheck)
		cj_due_retry_all();
	cj_due_unpark(told->nfreed);
	if (told->scan)
		want_all_databases();
	pfree(told);
}

/*
 * Clear the places of coordinators that have ended, and remember what they left
 * there.
 */
static void
clear_ended(void)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];
		CjCoordinatorPlace ended;

		cj_worker_lock(LW_EXCLUSIVE);
		ended = *place;
		if (ended.state == CJ_PLACE_ENDED)
		{
			memset(place, 0, sizeof(CjCoordinatorPlace));
			if (ended.starved)
				cj_worker_shared->launcher.nparked++;
		}
		cj_worker_unlock();

		if (ended.state == CJ_PLACE_ENDED)
		{
			cj_due_ended(&ended);
			cj_watch_end(&ended);
		}
	}
}

/*
 * Tell the others how many databases wait for a place for a job.
 */
static void
publish_parked(void)
{
	int			nparked = cj_due_parked();

	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_shared->launcher.nparked = nparked;
	cj_worker_unlock();
}

/*
 * Look after the coordinators that the postmaster was asked for; returns
 * whether some are still to come up.
 */
static bool
check_started(void)
{
	bool		waiting = false;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];
		Oid			database = InvalidOid;
		BgwHandleStatus status;
		pid_t		pid;

		if (started[i] == NULL)
			continue;
		status = GetBackgroundWorkerPid(started[i], &pid);

		cj_worker_lock(LW_EXCLUSIVE);
		if (place->state == CJ_PLACE_STARTING && status == BGWH_STOPPED)
		{
			database = place->database;
			memset(place, 0, sizeof(CjCoordinatorPlace));
		}
		if (place->state != CJ_PLACE_STARTING)
			status = BGWH_STOPPED;
		cj_worker_unlock();

		if (OidIsValid(database))
			cj_due_failed_to_start(database);
		if (status == BGWH_STOPPED)
		{
			pfree(started[i]);
			started[i] = NULL;
		}
		else
			waiting = true;
	}
	return waiting;
}

/*
 * How many coordinators may run at the same time: each is of use only if it has
 * a worker, and the server's launcher of logical replication and this process
 * take two of max_worker_processes.
 */
static int
max_coordinators(void)
{
	return Max((cj_worker_shared->nslots - 2) / 2, 1);
}

/*
 * Take a place for the coordinator of a database; *index is set to it.
 */
static Seat
take_place(CjDueDatabase *entry, int *index)
{
	int			nplaces = 0;
	int			nscans = 0;
	Seat		seat = SEAT_FULL;

	*index = -1;
	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if (place->state == CJ_PLACE_FREE)
		{
			if (*index < 0)
				*index = i;
			continue;
		}
		nplaces++;
		nscans += place->scan;
	}
	if (cj_place_find(entry->database) != NULL)
		seat = SEAT_TAKEN;
	else if (cj_place_is_held(entry->database))
		seat = SEAT_HELD;
	else if (entry->scan && nscans >= MAX_SCANS)
		seat = SEAT_SCANS_FULL;
	else if (*index >= 0 && nplaces < max_coordinators())
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[*index];

		seat = SEAT_MINE;
		memset(place, 0, sizeof(CjCoordinatorPlace));
		place->state = CJ_PLACE_STARTING;
		place->database = entry->database;
		place->since = GetCurrentTimestamp();
		place->scan = entry->scan;
		cj_watch_begin(place);
	}
	cj_worker_unlock();

	return seat;
}

/*
 * Ask the postmaster for the coordinator that a place was taken for.  If there
 * is no room for another background worker, the place is given back, some other
 * process is asked to make room, and false is returned.
 */
static bool
start_coordinator(int index, Oid database)
{
	if (started[index] != NULL)
		pfree(started[index]);
	started[index] = cj_coordinator_start(index, database);
	if (started[index] != NULL)
	{
		nfailed_starts = 0;
		return true;
	}

	cj_worker_lock(LW_EXCLUSIVE);
	memset(&cj_worker_shared->coordinators[index], 0,
		   sizeof(CjCoordinatorPlace));
	cj_worker_unlock();
	if (!cj_pool_evict_idle())
		(void) cj_place_ask_to_yield(false);

	if (nfailed_starts == 0)
		ereport(LOG,
				(errmsg("out of background worker slots, databases with jobs have to wait"),
				 errhint("You might need to increase max_worker_processes.")));
	next_start = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
											 Min(FIRST_START_RETRY << Min(nfailed_starts, 10),
												 LAST_START_RETRY));
	nfailed_starts++;
	return false;
}

/*
 * Can the coordinator of a database connect to it?  Forgets a database that is
 * gone.  One that accepts no connections has to wait: until it is altered, and
 * if there is work, which the log says once, it is looked at now and then.
 */
static bool
can_connect(CjDueDatabase *entry)
{
	CjDatabaseStatus status;
	char	   *name;

	begin_catalog_access();
	status = cj_database_status(entry->database);
	name = get_database_name(entry->database);
	if (status == CJ_DATABASE_CLOSED && !entry->told && !entry->scan)
	{
		entry->told = true;
		ereport(LOG,
				(errmsg("database \"%s\" does not accept connections, its jobs have to wait",
						name)));
	}
	end_catalog_access();

	if (status == CJ_DATABASE_GONE)
	{
		cj_watch_forget(entry->database);
		cj_due_forget(entry->database);
	}
	else if (status == CJ_DATABASE_CLOSED && entry->scan)
		entry->closed = true;
	else if (status == CJ_DATABASE_CLOSED)
		cj_due_failed(entry);
	return status == CJ_DATABASE_OPEN;
}

/*
 * Start the coordinators that are due.  Returns the milliseconds after which to
 * try again those for which there was no room, -1 if there are none or they
 * have to wait for a place.
 */
static long
start_due(void)
{
	TimestampTz now = GetCurrentTimestamp();
	CjDueDatabase *entry;
	bool		scan_too = true;
	long		timeout = -1;

	if (now < next_start)
		return TimestampDifferenceMilliseconds(now, next_start);

	cj_due_begin_turn();
	while ((entry = cj_due_first(now, scan_too)) != NULL)
	{
		Oid			database = entry->database;
		int			index;

		if (!can_connect(entry))
			continue;
		switch (take_place(entry, &index))
		{
			case SEAT_MINE:
				if (!start_coordinator(index, database))
					return TimestampDifferenceMilliseconds(now, next_start);
				entry->due = DT_NOEND;
				break;
			case SEAT_TAKEN:
				/* It looks for work, or has since this was wanted. */
				entry->due = DT_NOEND;
				break;
			case SEAT_HELD:
				entry->held = true;
				break;
			case SEAT_SCANS_FULL:
				scan_too = false;
				timeout = cj_place_ask_to_yield(true);
				break;
			case SEAT_FULL:
				return cj_shorter(timeout, cj_place_ask_to_yield(false));
		}
	}
	return -1;
}

/*
 * Is there something new to look at since take_wanted()?  What waits in between
 * may have used up the latch.
 */
static bool
is_woken(void)
{
	CjLauncherShared *launcher = &cj_worker_shared->launcher;
	bool		woken;

	cj_worker_lock(LW_SHARED);
	woken = launcher->scan || launcher->recheck || launcher->nfreed > 0 ||
		launcher->nwanted > 0;
	for (int i = 0; i < cj_worker_shared->nslots; i++)
		woken |= cj_worker_shared->coordinators[i].state == CJ_PLACE_ENDED;
	woken |= cj_watch_is_woken();
	cj_worker_unlock();

	return woken;
}

/*
 * Take the launcher's place.  What an earlier launcher had under way is found
 * out anew: a coordinator that it asked for and that still comes up finds its
 * place taken back.
 */
static void
enter_launcher(void)
{
	started = MemoryContextAllocZero(TopMemoryContext,
									 cj_worker_shared->nslots * sizeof(*started));
	cj_due_init();
	cj_watch_enter();
	pg_atomic_write_u32(&cj_worker_shared->quiet, 0);

	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_shared->launcher.latch = MyLatch;
	cj_worker_shared->launcher.scan = true;
	cj_worker_shared->launcher.nparked = 0;
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if (place->state == CJ_PLACE_STARTING)
			memset(place, 0, sizeof(CjCoordinatorPlace));
	}
	cj_worker_unlock();
}

/*
 * One turn of the launcher.  Returns the milliseconds until the next one, if
 * nobody wakes it before, -1 for none.
 */
static long
run_turn(void)
{
	static int	max_running = 0;
	static bool schedules = true;
	TimestampTz now;
	TimestampTz next;
	long		timeout;

	take_wanted();
	if (cj_clock_was_set())
		cj_due_look_all();
	if (cj_guc_scheduler_enabled && !schedules)
		want_all_databases();
	schedules = cj_guc_scheduler_enabled;
	if (cj_guc_max_running > max_running)
		cj_due_unpark(cj_guc_max_running - max_running);
	max_running = cj_guc_max_running;
	clear_ended();
	timeout = check_started() ? START_INTERVAL : -1;
	timeout = cj_shorter(timeout, cj_watch_look(GetCurrentTimestamp()));
	timeout = cj_shorter(timeout, start_due());
	publish_parked();

	now = GetCurrentTimestamp();
	next = cj_due_next(now);
	if (next != DT_NOEND)
		timeout = cj_shorter(timeout,
							 Min(TimestampDifferenceMilliseconds(now, next),
								 LONGEST_INTERVAL));
	return is_woken() ? 0 : timeout;
}

/*
 * Main function of the launcher.
 */
void
cj_launcher_main(Datum arg)
{
	pqsignal(SIGINT, PG_SIG_IGN);
	before_shmem_exit(forget_launcher, (Datum) 0);
	cj_process_unblock_signals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	MemoryContextSwitchTo(TopMemoryContext);
	pgstat_report_appname("cancel_job launcher");
	pgstat_report_activity(STATE_IDLE, NULL);

	cj_wait_reload();
	enter_launcher();

	for (;;)
	{
		cj_pausepoint("launcher.before_turn");
		pgstat_report_activity(STATE_IDLE, NULL);
		cj_wait_latch(CJ_WAIT_LAUNCHER, run_turn());
	}
}
