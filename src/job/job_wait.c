/*-------------------------------------------------------------------------
 *
 * job_wait.c
 *	  Waiting for jobs to come to their end.
 *
 * A process that waits says in shared memory for which jobs, then reads what is
 * left of them, then sleeps.  Who commits the last state of a job takes it out
 * there, and wakes the process when none is left: what was committed before the
 * process had said so, it reads.  As all the jobs have to end, a few of them are
 * enough to wait for at a time, and each process needs a small place only.
 *
 * The rows are read with the latest snapshot, whatever the isolation level: the
 * end of a job is what the caller wants to see.
 *
 * The waiting transaction may hold a lock that the job needs.  PostgreSQL's
 * deadlock detection does not see that, since nobody waits for a lock here; so
 * this looks itself, after deadlock_timeout, and then now and then.  Jobs that
 * wait for each other in a circle are found at the same time.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_wait.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/base_guc.h"
#include "base/base_ids.h"
#include "base/base_pausepoint.h"
#include "base/base_shmem.h"
#include "base/base_store.h"
#include "base/base_wait.h"
#include "compat.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_outcome_store.h"
#include "job/job_self.h"
#include "job/job_wait.h"
#include "privilege/privilege_job.h"

/* For so many jobs at a time does a process wait. */
#define MAX_WAITED_FOR 16

/* A wait that goes on looks for a deadlock this often, in milliseconds. */
#define LOOK_INTERVAL (10 * 1000)

/* On a standby, where nobody wakes, it looks at the rows this often. */
#define STANDBY_INTERVAL 1000

/* A waiting process's place.  Guarded by the lock. */
typedef struct WaitPlace
{
	Oid			database;		/* InvalidOid: it does not wait */
	bool		paused;			/* one of the jobs has been paused */
	int			nids;
	int64		ids[MAX_WAITED_FOR];
} WaitPlace;

typedef struct WaitShared
{
	pg_atomic_uint32 nwaiting;	/* processes; changed under the lock */
	WaitPlace	places[FLEXIBLE_ARRAY_MEMBER];	/* MaxBackends of them */
} WaitShared;

static WaitShared *shared = NULL;
static CjJobRunnersHook runners_hook = NULL;

/*
 * Size of the shared memory.
 */
static Size
shared_size(void)
{
	return add_size(offsetof(WaitShared, places),
					mul_size(MaxBackends, sizeof(WaitPlace)));
}

/*
 * Initialize the shared memory.
 */
static void
init_shared(void)
{
	pg_atomic_init_u32(&shared->nwaiting, 0);
}

static CjShmemItem item = {
	.name = "cancel_job waits",
	.size = shared_size,
	.init = init_shared,
	.area = (void **) &shared
};

/*
 * Sort ids and take out repeated ones; returns how many are left.
 */
static int
sort_unique_ids(int64 *ids, int nids)
{
	int			nunique = 0;

	cj_ids_sort(ids, nids);
	for (int i = 0; i < nids; i++)
	{
		if (nunique == 0 || ids[nunique - 1] != ids[i])
			ids[nunique++] = ids[i];
	}
	return nunique;
}

/*
 * Take ids out of a place, those that are among the given ones, or those that
 * are not.  The given ones are sorted.  Needs the lock, exclusively.
 */
static void
take_out(WaitPlace *place, const int64 *ids, int nids, bool among)
{
	int			nleft = 0;

	for (int i = 0; i < place->nids; i++)
	{
		if (cj_ids_contain(ids, nids, place->ids[i]) != among)
			place->ids[nleft++] = place->ids[i];
	}
	place->nids = nleft;
}

/*
 * Does any process wait?  Who begins to wait after this look reads what we have
 * committed.
 */
static bool
waits_anybody(void)
{
	pg_memory_barrier();
	return pg_atomic_read_u32(&shared->nwaiting) > 0;
}

/*
 * Wake the processes of this database that wait for these jobs, which have
 * reached a last state; they are sorted.  Called after the commit has become
 * visible.  Raises nothing.
 */
void
cj_job_wait_wake(const int64 *finished, int nfinished)
{
	if (nfinished == 0 || !waits_anybody())
		return;

	LWLockAcquire(item.lock, LW_EXCLUSIVE);
	for (int i = 0; i < MaxBackends; i++)
	{
		WaitPlace  *place = &shared->places[i];

		if (place->database != MyDatabaseId || place->nids == 0)
			continue;
		take_out(place, finished, nfinished, true);
		if (place->nids == 0)
			SetLatch(&ProcGlobal->allProcs[i].procLatch);
	}
	LWLockRelease(item.lock);
}

/*
 * Wake the processes of this database that wait for one of these jobs, which
 * have been paused; they are sorted.  As cj_job_wait_wake().
 */
void
cj_job_wait_wake_paused(const int64 *paused, int npaused)
{
	if (npaused == 0 || !waits_anybody())
		return;

	LWLockAcquire(item.lock, LW_EXCLUSIVE);
	for (int i = 0; i < MaxBackends; i++)
	{
		WaitPlace  *place = &shared->places[i];

		for (int n = 0; n < place->nids && place->database == MyDatabaseId; n++)
		{
			if (!cj_ids_contain(paused, npaused, place->ids[n]))
				continue;
			place->paused = true;
			SetLatch(&ProcGlobal->allProcs[i].procLatch);
			break;
		}
	}
	LWLockRelease(item.lock);
}

/*
 * Say that this process waits for these jobs, at most MAX_WAITED_FOR.
 */
static void
enter_place(const int64 *ids, int nids)
{
	WaitPlace  *place = &shared->places[cj_shmem_my_process()];

	Assert(nids <= MAX_WAITED_FOR);
	LWLockAcquire(item.lock, LW_EXCLUSIVE);
	if (!OidIsValid(place->database))
		pg_atomic_fetch_add_u32(&shared->nwaiting, 1);
	place->database = MyDatabaseId;
	place->paused = false;
	place->nids = nids;
	memcpy(place->ids, ids, nids * sizeof(int64));
	LWLockRelease(item.lock);
}

/*
 * Take all jobs but these out of this process's place.
 */
static void
keep_in_place(const int64 *ids, int nids)
{
	LWLockAcquire(item.lock, LW_EXCLUSIVE);
	take_out(&shared->places[cj_shmem_my_process()], ids, nids, false);
	LWLockRelease(item.lock);
}

/*
 * Have all jobs in this process's place come to their end, or has one been
 * paused?
 */
static bool
is_place_changed(void)
{
	const WaitPlace *place = &shared->places[cj_shmem_my_process()];
	bool		changed;

	LWLockAcquire(item.lock, LW_SHARED);
	changed = place->nids == 0 || place->paused;
	LWLockRelease(item.lock);

	return changed;
}

/*
 * This process does not wait any more.
 */
static void
leave_place(void)
{
	WaitPlace  *place = &shared->places[cj_shmem_my_process()];

	LWLockAcquire(item.lock, LW_EXCLUSIVE);
	if (OidIsValid(place->database))
		pg_atomic_fetch_sub_u32(&shared->nwaiting, 1);
	place->database = InvalidOid;
	place->nids = 0;
	LWLockRelease(item.lock);
}

/*
 * before_shmem_exit: as leave_place(), for a process that is terminated while
 * it waits.
 */
static void
leave_at_exit(int code, Datum arg)
{
	leave_place();
}

/*
 * Those of these jobs that have not come to their end and that the current
 * user may see, in their place and in order; returns their number.  *paused is
 * the list of their places of those that are paused.
 *
 * Reads with the latest snapshot.
 */
static int
read_unfinished(int64 *ids, int nids, List **paused)
{
	static CjStatement read = {
		"SELECT job_id, owner::oid, state = 'paused' FROM jobs.job WHERE job_id = ANY ($1)"
		" AND state NOT IN ('succeeded', 'failed', 'canceled', 'revert-failed')"
		" ORDER BY job_id",
		1, {INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		value;
	int64	   *found;
	Oid		   *owners;
	bool	   *are_paused;
	uint64		nrows;
	int			nleft = 0;
	CjPrivileges privileges;

	*paused = NIL;
	cj_store_open(&scope, false);
	value = cj_store_id_array(ids, nids);
	nrows = cj_store_run_latest(&read, &value);
	found = MemoryContextAllocHuge(scope.caller_context,
								   (nrows + 1) * sizeof(int64));
	owners = MemoryContextAllocHuge(scope.caller_context,
									(nrows + 1) * sizeof(Oid));
	are_paused = MemoryContextAllocHuge(scope.caller_context,
										(nrows + 1) * sizeof(bool));
	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;

		found[row] = DatumGetInt64(cj_store_value(row, 1, &isnull));
		owners[row] = DatumGetObjectId(cj_store_value(row, 2, &isnull));
		are_paused[row] = DatumGetBool(cj_store_value(row, 3, &isnull));
	}
	if (cj_job_self_id() != 0)
		cj_pausepoint("wait.while_reading");
	cj_store_close(&scope);

	cj_privilege_begin(&privileges, GetUserId());
	for (uint64 row = 0; row < nrows; row++)
	{
		if (!cj_privilege_may_see(&privileges, owners[row]))
			continue;
		if (are_paused[row])
			*paused = lappend_int(*paused, nleft);
		ids[nleft++] = found[row];
	}
	pfree(found);
	pfree(owners);
	pfree(are_paused);
	return nleft;
}

/*
 * Raise an error if one of these jobs cannot end before this transaction does.
 */
static void
check_possible(const int64 *ids, int nids)
{
	bool		submitted;
	int64		self = cj_job_self_id();
	int64		own = cj_job_event_find(ids, nids, &submitted);

	if (self != 0 && cj_ids_contain(ids, nids, self))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("job %lld cannot wait for itself", (long long) self)));
	if (own != 0 && submitted)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for job %lld in the transaction that submitted it",
						(long long) own),
				 errdetail("A job starts when the transaction that submitted it commits."),
				 errhint("Commit first.")));
	if (own != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for job %lld in a transaction that has controlled it",
						(long long) own),
				 errdetail("A request takes effect when the transaction that made it commits."),
				 errhint("Commit first.")));
}

/*
 * The processes that work on the jobs that a process waits for, appended to a
 * list of process ids.
 */
static List *
add_waited_for(List *pids, int pid, const CjJobRunner *runners, int nrunners)
{
	int64		ids[MAX_WAITED_FOR];
	int			nids = 0;

	LWLockAcquire(item.lock, LW_SHARED);
	for (int i = 0; i < MaxBackends; i++)
	{
		const WaitPlace *place = &shared->places[i];

		if (place->database == MyDatabaseId &&
			ProcGlobal->allProcs[i].pid == pid)
		{
			nids = place->nids;
			memcpy(ids, place->ids, nids * sizeof(int64));
		}
	}
	LWLockRelease(item.lock);

	for (int i = 0; i < nrunners; i++)
	{
		if (cj_ids_contain(ids, nids, runners[i].job_id))
			pids = list_append_unique_int(pids, runners[i].pid);
	}
	return pids;
}

/*
 * The processes that block a process, appended to a list of process ids.
 */
static List *
add_blocking(List *pids, int pid)
{
	ArrayType  *blocking = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids,
																  Int32GetDatum(pid)));
	int			nblocking = ArrayGetNItems(ARR_NDIM(blocking), ARR_DIMS(blocking));

	for (int i = 0; i < nblocking; i++)
		pids = list_append_unique_int(pids, ((int32 *) ARR_DATA_PTR(blocking))[i]);
	return pids;
}

/*
 * Does a process wait for this one, itself or through others: for a lock or
 * for the end of a job?
 */
static bool
waits_for_us(int pid, const CjJobRunner *runners, int nrunners)
{
	List	   *pids = list_make1_int(pid);

	for (int i = 0; i < list_length(pids); i++)
	{
		int			next = list_nth_int(pids, i);

		if (next == MyProcPid)
			return true;
		pids = add_blocking(pids, next);
		pids = add_waited_for(pids, next, runners, nrunners);
	}
	return false;
}

/*
 * Raise an error if the worker of one of these jobs waits for us.
 */
static void
check_deadlock(const int64 *ids, int nids)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "cancel_job deadlock check",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	CjJobRunner *runners;
	int			nrunners = runners_hook(&runners);

	for (int i = 0; i < nrunners; i++)
	{
		if (!cj_ids_contain(ids, nids, runners[i].job_id) ||
			!waits_for_us(runners[i].pid, runners, nrunners))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				 errmsg("deadlock detected"),
				 errdetail("Process %d waits for job %lld; process %d, which runs that job, waits for process %d.",
						   MyProcPid, (long long) runners[i].job_id,
						   runners[i].pid, MyProcPid),
				 errhint("Use CALL jobs.wait_for(), which holds nothing that the job could need.")));
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * A wait under way.
 */
typedef struct Wait
{
	int64	   *ids;			/* not known to have ended, sorted */
	int			nids;
	TimestampTz deadline;
	TimestampTz next_look;		/* for a deadlock */
	CjWaitTell	tell;
	CjWaitRelease release;		/* NULL: hold on */
	int64	   *told;			/* ids of paused jobs that have been told of */
	int			ntold;
	int			capacity;		/* of told */
} Wait;

/*
 * When to look next, now that a wait begins or goes on.
 */
static TimestampTz
time_of_look(int interval)
{
	if (RecoveryInProgress())
		interval = STANDBY_INTERVAL;
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), interval);
}

/*
 * Tell the client of a job that is paused, once.  Raises that as an error if
 * the wait is strict.
 */
static void
tell_paused(Wait *wait, int64 id)
{
	for (int i = 0; i < wait->ntold; i++)
	{
		if (wait->told[i] == id)
			return;
	}
	if (wait->ntold == wait->capacity)
	{
		wait->capacity = Max(16, 2 * wait->capacity);
		wait->told = wait->told == NULL ?
			palloc_extended(wait->capacity * sizeof(int64), MCXT_ALLOC_HUGE) :
			repalloc_huge(wait->told, wait->capacity * sizeof(int64));
	}
	wait->told[wait->ntold++] = id;
	cj_job_outcome_tell_paused(id, wait->tell == CJ_WAIT_STRICT ? ERROR : NOTICE);
}

/*
 * Sleep until the jobs in this process's place have ended or it is time to
 * read their rows again.  Returns false if the deadline has passed.
 */
static bool
sleep_until_woken(Wait *wait)
{
	while (!is_place_changed())
	{
		TimestampTz now = GetCurrentTimestamp();

		if (now >= wait->deadline)
			return false;
		if (now >= wait->next_look)
		{
			/* Rows may be gone, too, that nobody was told about. */
			check_deadlock(wait->ids, wait->nids);
			wait->next_look = time_of_look(LOOK_INTERVAL);
			return true;
		}
		cj_wait(CJ_WAIT_JOBS,
				TimestampDifferenceMilliseconds(now,
												Min(wait->deadline,
													wait->next_look)));
	}
	return true;
}

/*
 * Wait for some of the jobs of a wait, and take those out that have ended.
 * Returns false if the deadline has passed.
 */
static bool
wait_for_some(Wait *wait)
{
	int			nsome = Min(wait->nids, MAX_WAITED_FOR);
	int			nleft;
	List	   *paused;
	ListCell   *lc;

	enter_place(wait->ids, nsome);
	nleft = read_unfinished(wait->ids, nsome, &paused);
	memmove(wait->ids + nleft, wait->ids + nsome,
			(wait->nids - nsome) * sizeof(int64));
	wait->nids -= nsome - nleft;
	keep_in_place(wait->ids, nleft);
	foreach(lc, paused)
		tell_paused(wait, wait->ids[lfirst_int(lc)]);
	list_free(paused);
	if (wait->release != NULL && !is_place_changed())
		wait->release();
	return sleep_until_woken(wait);
}

/*
 * If the wait for these jobs is done, tell how they ended.  Returns whether it
 * is; frees the ids.
 */
static bool
tell_ends(int64 *ids, int nids, CjWaitTell tell, bool done)
{
	if (done && tell != CJ_WAIT_PAUSES)
		cj_job_outcome_tell_ends(ids, nids,
								 tell == CJ_WAIT_STRICT ? ERROR : NOTICE);
	pfree(ids);
	return done;
}

/*
 * Wait until each of these jobs has reached a last state, for "timeout"
 * milliseconds, -1 for ever.  Returns whether they have.  A job that does not
 * exist, or that the current user may not see, counts as one that has.  Sorts
 * the ids, and writes into them.
 *
 * The client is told, by notices, of jobs that are paused meanwhile, for which
 * this goes on waiting, and of those that ended without success, as "tell"
 * says; with CJ_WAIT_STRICT the first of either is raised as an error.  "release"
 * may be NULL.
 *
 * Raises 55000 for a job that cannot end before this transaction, 40P01 if a
 * job waits for this process, and what CHECK_FOR_INTERRUPTS() raises.  Needs
 * a valid transaction.
 */
bool
cj_job_wait(int64 *ids, int nids, int64 timeout, CjWaitTell tell,
			CjWaitRelease release)
{
	static bool registered = false;
	TimestampTz now = GetCurrentTimestamp();
	Wait		wait = {.ids = ids,.tell = tell,.release = release};
	volatile bool done = true;
	int64	   *all;
	int			nall;
	List	   *paused;

	wait.nids = nall = sort_unique_ids(ids, nids);
	check_possible(wait.ids, wait.nids);
	all = palloc_extended((nall + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	memcpy(all, ids, nall * sizeof(int64));
	wait.nids = read_unfinished(wait.ids, wait.nids, &paused);
	if (wait.nids == 0 || timeout == 0)
		return tell_ends(all, nall, tell, wait.nids == 0);

	if (!registered)
	{
		before_shmem_exit(leave_at_exit, (Datum) 0);
		registered = true;
	}
	wait.deadline = timeout < 0 ? DT_NOEND :
		TimestampTzPlusMilliseconds(now, timeout);
	wait.next_look = time_of_look(DeadlockTimeout);
	PG_TRY();
	{
		while (done && wait.nids > 0)
			done = wait_for_some(&wait);
	}
	PG_FINALLY();
	{
		leave_place();
	}
	PG_END_TRY();

	return tell_ends(all, nall, tell, done);
}

/*
 * Wait as SHOW JOB WHEN COMPLETE does: as cj_job_wait(), but raises 55000 when
 * it has waited for very long.
 */
void
cj_job_wait_complete(int64 *ids, int nids)
{
	if (!cj_job_wait(ids, nids, cj_guc_debug_wait_limit, CJ_WAIT_PAUSES, NULL))
		cj_job_error_wait_timed_out();
}

/*
 * Let "hook" tell who works on which job.  Called once, at preload.
 */
void
cj_job_wait_set_runners(CjJobRunnersHook hook)
{
	runners_hook = hook;
}

/*
 * Install the shared memory.  Called once, at preload.
 */
void
cj_job_wait_init(void)
{
	cj_shmem_add(&item);
}
