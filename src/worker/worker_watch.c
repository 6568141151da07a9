/*-------------------------------------------------------------------------
 *
 * worker_watch.c
 *	  Waking who looks after what has changed in a database.
 *
 * An idle database has no coordinator, and an idle server no wake-ups.  So the
 * launcher looks, without a connection, at the number of rows that PostgreSQL's
 * cumulative statistics count for a database: when enough have changed since the
 * last look at its tables, there is another one.  When nothing at all changes any
 * more, the launcher sleeps until the first commit of a transaction that has
 * written something, or COMMIT PREPARED, wakes it.  As a process reports its
 * counts some time after its commit, the launcher does not trust in that at once.
 *
 * A database's watch is in its coordinator's place, or, without one, in the
 * launcher's own memory.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_watch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "tcop/utility.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/base_guc.h"
#include "base/base_utility.h"
#include "worker/worker_due.h"
#include "worker/worker_place.h"
#include "worker/worker_slot.h"
#include "worker/worker_watch.h"

/*
 * So long after a commit, in milliseconds, a process has reported what it has
 * changed: one that is idle does after ten seconds.  So long, or for two intervals
 * if they are longer, the launcher goes on to look, more and more seldom.
 */
#define REPORT_TIME 12000

/* A database whose coordinator has ended. */
typedef struct WatchedDatabase
{
	Oid			database;		/* hash key */
	CjWatch		watch;
} WatchedDatabase;

/* What the launcher finds among the watches. */
typedef struct WatchSum
{
	int64		changes;		/* of all databases */
	TimestampTz next;			/* when one is due even if nothing changes */
} WatchSum;

static HTAB *databases = NULL;
static ProcessUtility_hook_type prev_process_utility = NULL;

/* Is the launcher to be woken by who writes? */
static bool listening = false;

/*
 * The rows that a database has counted as changed, as far as processes have
 * reported them.
 */
static int64
read_changes(Oid database)
{
	Datum		oid = ObjectIdGetDatum(database);
	int64		changes;

	pgstat_clear_snapshot();
	changes = DatumGetInt64(DirectFunctionCall1(pg_stat_get_db_tuples_inserted, oid)) +
		DatumGetInt64(DirectFunctionCall1(pg_stat_get_db_tuples_updated, oid)) +
		DatumGetInt64(DirectFunctionCall1(pg_stat_get_db_tuples_deleted, oid));
	pgstat_clear_snapshot();
	return changes;
}

/*
 * Is it time to look?  Counters that have become smaller have begun anew.
 */
static bool
is_due(const CjWatch *watch, int64 changes, TimestampTz now)
{
	if (now < watch->not_before)
		return false;
	return now >= watch->look_at || changes < watch->changes ||
		changes - watch->changes >= watch->needed ||
		(changes > watch->changes && now >= watch->lazy);
}

/*
 * When a watch becomes due if nothing changes any more.
 */
static TimestampTz
next_time(const CjWatch *watch, int64 changes)
{
	TimestampTz next = watch->look_at;

	if (changes != watch->changes)
		next = Min(next, watch->lazy);
	return next == DT_NOEND ? DT_NOEND : Max(next, watch->not_before);
}

/*
 * What this coordinator's database has counted, to be asked before the look: what
 * is reported meanwhile may not have been seen.
 */
int64
cj_watch_changes(void)
{
	return read_changes(MyDatabaseId);
}

/*
 * Set the watch of this coordinator's database; NULL for none.
 */
void
cj_watch_set(const CjWatch *watch)
{
	CjCoordinatorPlace *place;

	cj_worker_lock(LW_EXCLUSIVE);
	place = cj_place_find(MyDatabaseId);
	if (place != NULL)
		place->watched = watch != NULL;
	if (place != NULL && watch != NULL)
	{
		place->watch = *watch;
		cj_launcher_wake();
	}
	cj_worker_unlock();
}

/*
 * The watch of this coordinator's database; returns false if it has none.
 */
static bool
get_watch(CjWatch *watch)
{
	bool		watched = false;
	CjCoordinatorPlace *place;

	cj_worker_lock(LW_SHARED);
	place = cj_place_find(MyDatabaseId);
	if (place != NULL)
	{
		watched = place->watched;
		*watch = place->watch;
	}
	cj_worker_unlock();

	return watched;
}

/*
 * Have this coordinator's database looked at when something changes from now on,
 * but not before so many intervals have passed.
 */
void
cj_watch_retry(int nintervals)
{
	TimestampTz now = GetCurrentTimestamp();
	CjWatch		watch = {
		.not_before = now + cj_guc_automatic_statistics_interval * INT64CONST(1000) * nintervals,
		.look_at = DT_NOEND,
		.needed = 1,
		.lazy = now,
		.changes = read_changes(MyDatabaseId)
	};

	cj_watch_set(&watch);
}

/*
 * Look at this coordinator's database later, when something changes: it cannot
 * be done now.
 */
void
cj_watch_postpone(void)
{
	CjWatch		watch;

	if (cj_guc_stats_enabled && !get_watch(&watch))
		cj_watch_retry(1);
}

/*
 * Is it time to look at this coordinator's database?  Yes if it has no watch yet.
 */
bool
cj_watch_is_due(void)
{
	TimestampTz now = GetCurrentTimestamp();
	CjWatch		watch;

	if (!get_watch(&watch))
		return true;
	return now >= watch.not_before && is_due(&watch, read_changes(MyDatabaseId), now);
}

/*
 * In the launcher: a coordinator begins its stay in a place.  Needs the lock,
 * exclusively.
 */
void
cj_watch_begin(CjCoordinatorPlace *place)
{
	WatchedDatabase *entry = hash_search(databases, &place->database, HASH_FIND, NULL);

	place->watched = entry != NULL;
	if (entry != NULL)
		place->watch = entry->watch;
}

/*
 * In the launcher: a coordinator has ended, and left this.
 */
void
cj_watch_end(const CjCoordinatorPlace *place)
{
	WatchedDatabase *entry;

	if (!place->watched)
	{
		cj_watch_forget(place->database);
		return;
	}
	entry = hash_search(databases, &place->database, HASH_ENTER, NULL);
	entry->watch = place->watch;
}

/*
 * In the launcher: a database is gone.
 */
void
cj_watch_forget(Oid database)
{
	(void) hash_search(databases, &database, HASH_REMOVE, NULL);
}

/*
 * In the launcher: have a database looked at if it is time.
 */
static void
look_at_watch(Oid database, const CjWatch *watch, bool running, TimestampTz now,
			  WatchSum *sum)
{
	int64		changes = read_changes(database);

	sum->changes += changes;
	if (!is_due(watch, changes, now))
		sum->next = Min(sum->next, next_time(watch, changes));
	else if (running)
		cj_coordinator_notify(database);
	else
		cj_due_want(database, now, false);
}

/*
 * In the launcher: look at all watches.
 */
static WatchSum
look_at_watches(TimestampTz now)
{
	WatchSum	sum = {.next = DT_NOEND};
	HASH_SEQ_STATUS status;
	WatchedDatabase *entry;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];
		CjCoordinatorPlace seen;

		cj_worker_lock(LW_SHARED);
		seen = *place;
		cj_worker_unlock();
		if (seen.state == CJ_PLACE_RUNNING && seen.watched)
			look_at_watch(seen.database, &seen.watch, true, now, &sum);
	}

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		CjCoordinatorPlace *place;

		cj_worker_lock(LW_SHARED);
		place = cj_place_find(entry->database);
		cj_worker_unlock();
		if (place == NULL)
			look_at_watch(entry->database, &entry->watch, false, now, &sum);
	}
	return sum;
}

/*
 * In the launcher: when statistics are switched on, have each database looked
 * at.  Returns whether they have just been.
 */
static bool
is_switched_on(void)
{
	static bool enabled = true;
	bool		before = enabled;

	enabled = cj_guc_stats_enabled;
	if (!enabled || before)
		return false;
	cj_worker_lock(LW_EXCLUSIVE);
	cj_worker_shared->launcher.scan = true;
	cj_worker_unlock();
	return true;
}

/*
 * In the launcher: has somebody written since it began to listen?
 */
bool
cj_watch_is_woken(void)
{
	return listening && pg_atomic_read_u32(&cj_worker_shared->quiet) == 0;
}

/*
 * In the launcher: have those databases looked at in which enough has changed.
 * Returns the milliseconds after which to do that again, -1 if there is no need
 * to before somebody writes, who wakes the launcher then.
 */
long
cj_watch_look(TimestampTz now)
{
	static TimestampTz next_look = 0;
	static TimestampTz last_active = 0;
	static int64 last_changes = -1;
	TimestampTz interval = cj_guc_automatic_statistics_interval * INT64CONST(1000);
	TimestampTz rest;
	WatchSum	sum;

	if (is_switched_on())
		return 0;
	if (!cj_guc_stats_enabled)
	{
		listening = false;
		return -1;
	}
	if (cj_watch_is_woken())
	{
		/* let it be reported first */
		listening = false;
		last_active = now;
		next_look = now + interval;
	}
	if (next_look != DT_NOEND && now < next_look)
		return TimestampDifferenceMilliseconds(now, next_look);

	sum = look_at_watches(now);
	if (sum.changes != last_changes)
		last_active = now;
	else if (!listening)
	{
		listening = true;
		pg_atomic_write_u32(&cj_worker_shared->quiet, 1);
	}
	last_changes = sum.changes;

	rest = now - last_active;
	next_look = sum.next == DT_NOEND ? DT_NOEND : Max(sum.next, now + interval);
	if (!listening || rest < Max(REPORT_TIME * INT64CONST(1000), 2 * interval))
		next_look = Min(next_look, now + Max(interval, rest));
	if (next_look != DT_NOEND)
		return TimestampDifferenceMilliseconds(now, next_look);
	ereport(DEBUG1,
			(errmsg_internal("launcher sleeps until something is written")));
	return -1;
}

/*
 * Something has been written: wake the launcher from its trust that nothing
 * changes.  While it has none this is one load.
 */
static void
note_commit(void)
{
	if (cj_worker_shared == NULL ||
		pg_atomic_read_u32(&cj_worker_shared->quiet) == 0 ||
		pg_atomic_exchange_u32(&cj_worker_shared->quiet, 0) == 0)
		return;
	cj_worker_lock(LW_EXCLUSIVE);
	cj_launcher_wake();
	cj_worker_unlock();
}

/*
 * Transaction callback, of every process: has this transaction written?
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT && TransactionIdIsValid(GetTopTransactionIdIfAny()))
		note_commit();
}

/*
 * ProcessUtility_hook: COMMIT PREPARED commits what another transaction has
 * written, in one that writes nothing.
 */
static void
process_utility(PlannedStmt *pstmt, const char *query, bool readonly,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *qc)
{
	bool		commits = IsA(pstmt->utilityStmt, TransactionStmt) &&
	((TransactionStmt *) pstmt->utilityStmt)->kind == TRANS_STMT_COMMIT_PREPARED;

	cj_utility_run(prev_process_utility, pstmt, query, readonly, context, params,
				   environment, dest, qc);
	if (commits)
		note_commit();
}

/*
 * In the launcher: begin without any watch.
 */
void
cj_watch_enter(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(WatchedDatabase);
	control.hcxt = TopMemoryContext;
	databases = hash_create("cancel_job watches", 64, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Install the callback and the hook.  Called once, at preload.
 */
void
cj_watch_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
}
