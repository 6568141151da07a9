/*-------------------------------------------------------------------------
 *
 * job_listen.c
 *	  Whether a session of this database listens to what becomes of jobs.
 *
 * A session is taken for a listener from its LISTEN on, until it has surely ended
 * that: it may be taken for one for too long, which costs a notification that
 * nobody reads, but never too shortly.
 *
 * LISTEN promises to tell of everything that commits after it.  So a transaction
 * that is about to commit, and has looked and found no listener, is waited for by
 * a LISTEN that comes in between: who looks first says so in shared memory, and
 * LISTEN first says that it is there.
 *
 * Shared memory has a place for each process, which only that process writes.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_listen.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/utility.h"

#include "base/base_shmem.h"
#include "base/base_utility.h"
#include "compat.h"
#include "job/job_listen.h"

/* A process's place. */
typedef struct ListenPlace
{
	pg_atomic_uint32 database;	/* in which it listens; InvalidOid: it does
								 * not */
	pg_atomic_uint32 looked;	/* local id of its transaction that found no
								 * listener and has not ended yet */
} ListenPlace;

static ListenPlace *places = NULL;

/* Did this transaction begin to listen?  Has it stopped, if it commits? */
static bool began = false;
static bool stopped = false;

static ProcessUtility_hook_type prev_process_utility = NULL;

/*
 * Size of the shared memory.
 */
static Size
places_size(void)
{
	return mul_size(MaxBackends, sizeof(ListenPlace));
}

/*
 * Initialize the shared memory.
 */
static void
init_places(void)
{
	for (int i = 0; i < MaxBackends; i++)
	{
		pg_atomic_init_u32(&places[i].database, InvalidOid);
		pg_atomic_init_u32(&places[i].looked, InvalidLocalTransactionId);
	}
}

/*
 * before_shmem_exit: whoever gets this place next must find it empty.
 */
static void
leave_place(int code, Datum arg)
{
	ListenPlace *place = &places[cj_shmem_my_process()];

	pg_atomic_write_u32(&place->database, InvalidOid);
	pg_atomic_write_u32(&place->looked, InvalidLocalTransactionId);
}

/*
 * This process's place.
 */
static ListenPlace *
my_place(void)
{
	static bool registered = false;

	if (!registered)
	{
		before_shmem_exit(leave_place, (Datum) 0);
		registered = true;
	}
	return &places[cj_shmem_my_process()];
}

/*
 * Does a session of this database listen?
 */
static bool
has_listener(void)
{
	for (int i = 0; i < MaxBackends; i++)
	{
		if (pg_atomic_read_u32(&places[i].database) == MyDatabaseId)
			return true;
	}
	return false;
}

/*
 * Look whether a session of this database listens, in a transaction that is
 * about to commit.  cj_listen_looked() has to follow when it has ended.
 */
bool
cj_listen_look(void)
{
	ListenPlace *place;

	if (has_listener())
		return true;

	/* Say so first, then look again: see wait_for_lookers(). */
	place = my_place();
	pg_atomic_write_u32(&place->looked, cj_my_local_xid());
	pg_memory_barrier();
	return has_listener();
}

/*
 * The transaction that has looked, if it has, is over: others see what it did.
 * Raises nothing.
 */
void
cj_listen_looked(void)
{
	ListenPlace *place = &places[cj_shmem_my_process()];

	if (pg_atomic_read_u32(&place->looked) != InvalidLocalTransactionId)
		pg_atomic_write_u32(&place->looked, InvalidLocalTransactionId);
}

/*
 * Wait for the transactions of this database that have looked and may not have
 * seen that we listen.  They are about to commit, so that this does not take
 * long.  Raises what a wait for a lock raises.
 */
static void
wait_for_lookers(void)
{
	int			mine = cj_shmem_my_process();

	pg_memory_barrier();
	for (int i = 0; i < MaxBackends; i++)
	{
		PGPROC	   *proc = &ProcGlobal->allProcs[i];
		LocalTransactionId looked = pg_atomic_read_u32(&places[i].looked);
		VirtualTransactionId vxid;

		if (i == mine || looked == InvalidLocalTransactionId ||
			proc->databaseId != MyDatabaseId)
			continue;
		GET_VXID_FROM_PGPROC(vxid, *proc);
		if (VirtualTransactionIdIsRecoveredPreparedXact(vxid))
			continue;			/* the process has gone */
		/* If it has another one by now, the one that looked is over. */
		vxid.localTransactionId = looked;
		(void) VirtualXactLock(vxid, true);
	}
}

/*
 * This session has run LISTEN.
 */
static void
begin_to_listen(void)
{
	ListenPlace *place = my_place();

	stopped = false;
	if (pg_atomic_read_u32(&place->database) != MyDatabaseId)
	{
		began = true;
		pg_atomic_write_u32(&place->database, MyDatabaseId);
	}
	wait_for_lookers();
}

/*
 * Is this LISTEN on our channel?
 */
static bool
is_listen(const Node *statement)
{
	return IsA(statement, ListenStmt) &&
		strcmp(((const ListenStmt *) statement)->conditionname,
			   CJ_LISTEN_CHANNEL) == 0;
}

/*
 * Does this statement end a LISTEN on our channel?
 */
static bool
is_unlisten(const Node *statement)
{
	if (IsA(statement, UnlistenStmt))
	{
		const char *channel = ((const UnlistenStmt *) statement)->conditionname;

		return channel == NULL || strcmp(channel, CJ_LISTEN_CHANNEL) == 0;
	}
	return IsA(statement, DiscardStmt) &&
		((const DiscardStmt *) statement)->target == DISCARD_ALL;
}

/*
 * ProcessUtility_hook: see who listens.
 */
static void
process_utility(PlannedStmt *pstmt, const char *query, bool readonly,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *environment, DestReceiver *dest,
				QueryCompletion *qc)
{
	/* A COMMIT or ROLLBACK can free the statement. */
	bool		listens = is_listen(pstmt->utilityStmt);
	bool		unlistens = is_unlisten(pstmt->utilityStmt);

	cj_utility_run(prev_process_utility, pstmt, query, readonly, context, params,
				   environment, dest, qc);

	if (listens)
		begin_to_listen();
	else if (unlistens)
		stopped = true;
}

/*
 * UNLISTEN takes effect at commit, and a LISTEN that is rolled back never had
 * one.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (!began && !stopped)
		return;

	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (stopped)
				pg_atomic_write_u32(&my_place()->database, InvalidOid);
			break;
		case XACT_EVENT_ABORT:
			if (began)
				pg_atomic_write_u32(&my_place()->database, InvalidOid);
			break;
		default:
			return;
	}
	began = stopped = false;
}

/*
 * A savepoint that is rolled back may have held the UNLISTEN.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		stopped = false;
}

/*
 * Install the hooks.  Called once, at preload.
 */
void
cj_listen_init(void)
{
	static CjShmemItem item = {
		.name = "cancel_job listeners",
		.size = places_size,
		.init = init_places,
		.area = (void **) &places
	};

	cj_shmem_add(&item);
	prev_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
