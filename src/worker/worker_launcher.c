/*-------------------------------------------------------------------------
 *
 * worker_launcher.c
 *	  The process that keeps a coordinator for each database.
 *
 * Wakes only when it is told to: by a commit that wants a coordinator where none
 * runs, or by a coordinator that ended.  It never exits by itself.
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
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/base_wait.h"
#include "compat.h"
#include "worker/worker_process.h"
#include "worker/worker_slot.h"

/* What could not be started is tried again after this, in milliseconds. */
#define RETRY_INTERVAL 1000

/* The coordinators that were asked for, by their place; NULL: none under way. */
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
	cj_worker_shared->launcher = NULL;
	cj_worker_unlock();
}

/*
 * All databases that can be connected to, in the launcher's own memory: which
 * of them have the extension only a process in them can tell.
 */
static List *
list_databases(void)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *databases = NIL;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old;

		if (!database->datallowconn)
			continue;
		old = MemoryContextSwitchTo(context);
		databases = lappend_oid(databases, database->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);

	return databases;
}

/*
 * Want a coordinator for each of these databases; returns those for which
 * there is no place now.
 */
static List *
want_databases(List *databases)
{
	List	   *left = NIL;
	ListCell   *lc;

	cj_worker_lock(LW_EXCLUSIVE);
	foreach(lc, databases)
	{
		CjCoordinatorSlot *slot = cj_coordinator_slot(lfirst_oid(lc), true);

		if (slot == NULL)
			break;
		if (slot->latch == NULL)
			slot->wanted = true;
	}
	cj_worker_unlock();

	for (; lc != NULL; lc = lnext(databases, lc))
		left = lappend_oid(left, lfirst_oid(lc));
	list_free(databases);
	return left;
}

/*
 * Take the database to start a coordinator for out of one place; InvalidOid
 * if none is wanted or it is too early (*wait is set then).
 */
static Oid
take_wanted(CjCoordinatorSlot *slot, bool *wait)
{
	Oid			database = InvalidOid;

	cj_worker_lock(LW_EXCLUSIVE);
	if (OidIsValid(slot->database) && slot->wanted && slot->pid == 0 &&
		!slot->starting)
	{
		if (slot->not_before > GetCurrentTimestamp())
			*wait = true;
		else
		{
			database = slot->database;
			slot->wanted = false;
			slot->starting = true;
		}
	}
	cj_worker_unlock();

	return database;
}

/*
 * Want a coordinator again that was asked for and has not come up.
 */
static void
want_again(CjCoordinatorSlot *slot)
{
	cj_worker_lock(LW_EXCLUSIVE);
	if (slot->starting && slot->pid == 0)
	{
		slot->wanted = true;
		slot->starting = false;
		slot->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   RETRY_INTERVAL);
	}
	cj_worker_unlock();
}

/*
 * Look after the coordinators that the postmaster was asked for.
 */
static void
check_started(void)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		BgwHandleStatus status;
		pid_t		pid;

		if (started[i] == NULL)
			continue;
		status = GetBackgroundWorkerPid(started[i], &pid);
		if (status == BGWH_NOT_YET_STARTED)
			continue;
		if (status == BGWH_STOPPED)
			want_again(&cj_worker_shared->coordinators[i]);
		if (status == BGWH_STOPPED ||
			!cj_worker_shared->coordinators[i].starting)
		{
			pfree(started[i]);
			started[i] = NULL;
		}
	}
}

/*
 * Start the coordinators that are wanted.  Returns whether all could be.
 */
static bool
start_wanted(void)
{
	bool		wait = false;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorSlot *slot = &cj_worker_shared->coordinators[i];
		Oid			database = take_wanted(slot, &wait);

		if (!OidIsValid(database))
			continue;
		if (started[i] != NULL)
			pfree(started[i]);
		started[i] = cj_coordinator_start(i, database);
		if (started[i] == NULL)
		{
			want_again(slot);
			wait = true;
		}
	}
	return !wait;
}

/*
 * Take the launcher's place; what an earlier launcher had under way is asked
 * for anew.
 */
static void
enter_launcher(void)
{
	started = MemoryContextAllocZero(TopMemoryContext,
									 cj_worker_shared->nslots * sizeof(*started));

	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_shared->launcher = MyLatch;
	cj_worker_shared->scan_databases = true;
	cj_worker_unlock();

	for (int i = 0; i < cj_worker_shared->nslots; i++)
		want_again(&cj_worker_shared->coordinators[i]);
}

/*
 * Main function of the launcher.
 */
void
cj_launcher_main(Datum arg)
{
	List	   *databases = NIL;

	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, PG_SIG_IGN);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	before_shmem_exit(forget_launcher, (Datum) 0);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	MemoryContextSwitchTo(TopMemoryContext);
	pgstat_report_appname("cancel_job launcher");
	pgstat_report_activity(STATE_IDLE, NULL);

	enter_launcher();

	for (;;)
	{
		bool		scan;
		bool		done;

		cj_worker_lock(LW_EXCLUSIVE);
		scan = cj_worker_shared->scan_databases;
		cj_worker_shared->scan_databases = false;
		cj_worker_unlock();

		if (scan)
		{
			list_free(databases);
			databases = list_databases();
		}
		databases = want_databases(databases);
		check_started();
		done = start_wanted();
		cj_wait_latch(CJ_WAIT_LAUNCHER,
					  done && databases == NIL ? -1 : RETRY_INTERVAL);
	}
}
