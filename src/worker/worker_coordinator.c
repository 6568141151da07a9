/*-------------------------------------------------------------------------
 *
 * worker_coordinator.c
 *	  The process that claims the jobs of a database and hands them to workers.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_coordinator.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "base/base_extension.h"
#include "base/base_pausepoint.h"
#include "base/base_store.h"
#include "base/base_wait.h"
#include "compat.h"
#include "job/job_queue_store.h"
#include "worker/worker.h"
#include "worker/worker_ahead.h"
#include "worker/worker_place.h"
#include "worker/worker_pool.h"
#include "worker/worker_process.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"
#include "worker/worker_turn.h"

#define MAX_PARTS 4

/* What the other rooms do in each turn, in the order of their registration. */
static const CjTurnPart *parts[MAX_PARTS];
static int	nparts = 0;

/* The extension whose jobs are to be run here. */
static Oid	extension = InvalidOid;

PGDLLEXPORT void cj_coordinator_main(Datum arg);

/*
 * Ask the postmaster for the coordinator of a database, at place "index".
 * Returns NULL if there is no room for another background worker.
 */
BackgroundWorkerHandle *
cj_coordinator_start(int index, Oid database)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	cj_process_describe(&worker, "cj_coordinator_main", "cancel_job coordinator");
	snprintf(worker.bgw_name, BGW_MAXLEN, "cancel_job coordinator for database %u", database);
	worker.bgw_main_arg = Int32GetDatum(index);
	memcpy(worker.bgw_extra, &database, sizeof(database));
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

/*
 * Begin a transaction on our tables.  If the extension was dropped since the
 * beginning of the turn, the process makes way for one that looks again.
 */
void
cj_turn_begin(void)
{
	cj_store_begin();
	if (!cj_extension_hold())
		proc_exit(0);
}

/*
 * The milliseconds until other rooms have something to do, CJ_NOTHING_DUE if they
 * have not.  In a transaction.
 */
static long
parts_due(void)
{
	long		due = CJ_NOTHING_DUE;

	for (int i = 0; i < nparts; i++)
	{
		if (parts[i]->due != NULL)
			due = cj_shorter(due, parts[i]->due());
	}
	return due;
}

/*
 * Does the server's configuration want nobody to write?  A failover manager
 * keeps a server that it has just promoted so until it is sure that the old
 * primary has ended.  A job that was started now would fail, or happen on both.
 * Says so once, if there are jobs that have to wait, and sets *timeout to the
 * milliseconds after which to ask again; CJ_NOTHING_DUE if there are none.
 */
static bool
must_not_write(long *timeout)
{
	static bool told = false;
	bool		wait;
	long		due;

	if (!cj_store_server_is_read_only())
	{
		told = false;
		return false;
	}

	cj_turn_begin();
	due = parts_due();
	wait = due == 0 || !cj_job_queue_is_empty();
	cj_store_commit();
	*timeout = wait ? CJ_RETRY_INTERVAL : due;
	if (!told && wait)
	{
		told = true;
		ereport(LOG,
				(errmsg("jobs have to wait while the server is read-only"),
				 errdetail("\"%s\" is on in the server's configuration.",
						   "default_transaction_read_only")));
	}
	return true;
}

/*
 * One turn of the coordinator: look at everything there may be to do.  Returns
 * the milliseconds until something is due without a wake-up before,
 * CJ_NOTHING_DUE if nothing is.
 */
static long
run_turn(void)
{
	long		timeout = CJ_NOTHING_DUE;
	long		retry;
	bool		awaits_end = false;

	cj_pool_check_started();
	timeout = cj_shorter(timeout, cj_worker_enforce_requests());
	if (must_not_write(&retry))
	{
		cj_watch_postpone();
		return cj_shorter(timeout, retry);
	}

	timeout = cj_shorter(timeout, cj_turn_take_over_jobs());
	for (int i = 0; i < nparts; i++)
		timeout = cj_shorter(timeout, parts[i]->run(&awaits_end));
	timeout = cj_shorter(timeout, cj_turn_distribute_jobs(&awaits_end));
	cj_coordinator_await_end(awaits_end);
	timeout = cj_shorter(timeout, cj_ahead_timeout());
	cj_pool_shrink();
	timeout = cj_shorter(timeout, cj_turn_delete_old_jobs());
	timeout = cj_shorter(timeout, cj_turn_copy_progress());
	return timeout;
}

/*
 * Do this process and the workers serve the extension that this database has
 * now?  Not if it was dropped, also if it was created again: that one has other
 * jobs.  Nor if it is not trusted.  Notes whether workers can connect, too.
 */
static bool
has_my_extension(void)
{
	static Oid	mine = InvalidOid;

	cj_store_begin();
	extension = cj_extension_oid();
	if (OidIsValid(extension) && !cj_extension_is_trusted())
	{
		ereport(LOG,
				(errmsg("no jobs are run, since extension \"%s\" is not owned by a superuser",
						CJ_EXTENSION_NAME)));
		extension = InvalidOid;
	}
	cj_stay_closed = cj_database_status(MyDatabaseId) != CJ_DATABASE_OPEN;
	cj_store_commit();

	if (!OidIsValid(mine))
		mine = extension;
	return OidIsValid(extension) && extension == mine &&
		cj_worker_slots_are_of(extension);
}

/*
 * End this process if it was told to, and with it all workers of this database
 * if their extension is not there any more.
 */
static void
leave_if_unwanted(void)
{
	if (!cj_stay_begin_turn())
		proc_exit(0);

	while (!has_my_extension())
	{
		cj_watch_set(NULL);
		if (cj_worker_slots_leave(MyDatabaseId, true) == 0)
			cj_stay_end(OidIsValid(extension) ? 0 : CJ_NOTHING_DUE);
		cj_wait_latch(CJ_WAIT_COORDINATOR, CJ_RETRY_INTERVAL);
		if (!cj_stay_begin_turn())
			proc_exit(0);
	}
}

/*
 * Let another room take part in each turn, before jobs are handed out.  Called at
 * preload.
 */
void
cj_worker_add_turn_part(const CjTurnPart *part)
{
	Assert(nparts < MAX_PARTS);
	parts[nparts++] = part;
}

/*
 * Main function of a coordinator; "arg" is its place.
 */
void
cj_coordinator_main(Datum arg)
{
	MemoryContext turn_context;
	Oid			database;

	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(database));
	pqsignal(SIGINT, PG_SIG_IGN);
	cj_process_unblock_signals();
	cj_stay_enter(DatumGetInt32(arg), database);
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	cj_disable_transaction_timeout();
	pgstat_report_appname("cancel_job coordinator");

	turn_context = AllocSetContextCreate(TopMemoryContext,
										 "cancel_job coordinator turn",
										 ALLOCSET_DEFAULT_SIZES);

	cj_wait_reload();
	for (;;)
	{
		long		due;
		long		timeout;

		MemoryContextReset(turn_context);
		MemoryContextSwitchTo(turn_context);
		leave_if_unwanted();
		cj_pausepoint("coordinator.before_claim");
		due = run_turn();
		pgstat_report_activity(STATE_IDLE, NULL);
		pgstat_report_stat(true);
		timeout = cj_stay_timeout(due);
		if (timeout < 0)
			cj_stay_end(due);
		cj_wait_latch(CJ_WAIT_COORDINATOR, timeout);
	}
}
