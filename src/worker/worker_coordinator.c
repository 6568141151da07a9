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

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_store.h"
#include "base/base_wait.h"
#include "compat.h"
#include "job/job_claim_store.h"
#include "job/job_queue_store.h"
#include "job/job_retention_store.h"
#include "job/job_store.h"
#include "job/job_type.h"
#include "worker/worker_pool.h"
#include "worker/worker_process.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

/* What could not be started is tried again after this, in milliseconds. */
#define RETRY_INTERVAL 1000

/* A row that somebody has locked is looked at again after this, at the latest. */
#define LOCKED_INTERVAL 1000

/*
 * A worker that was terminated is looked at after this, in milliseconds: the
 * server may be shutting down, and then this process is about to know, too.
 */
#define SHUTDOWN_DELAY 200

/* Live progress is copied into the table this often, in milliseconds. */
#define PROGRESS_INTERVAL 5000

/* Old jobs are looked for this often, in milliseconds. */
#define RETENTION_INTERVAL (5 * 60 * 1000)

/* A claim that could not be given back, since its row was locked. */
typedef struct UnreleasedClaim
{
	int64		id;
	uint64		generation;
	bool		fresh;
} UnreleasedClaim;

/* Jobs whose requests are to be carried out; requested_all: look for them. */
static int64 requested[CJ_MAX_REQUESTED];
static int	nrequested = 0;
static bool requested_all = true;

/* The extension whose jobs are to be run here. */
static Oid	extension = InvalidOid;

static List *unreleased_claims = NIL;
static bool check_owners = true;
static bool stale_claims = true;

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
static void
begin_bookkeeping(void)
{
	cj_store_begin();
	if (!cj_extension_hold())
		proc_exit(0);
}

/*
 * Free the claims whose workers are not there any more, and cancel what belongs
 * to a database of which this one is a copy.  Done once, when a coordinator
 * starts: later on slots tell.
 */
static void
free_stale_claims(void)
{
	uint64	   *alive;
	int			nalive = 0;

	if (!stale_claims)
		return;

	alive = palloc(cj_worker_shared->nslots * sizeof(uint64));
	cj_worker_lock(LW_SHARED);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state != CJ_SLOT_FREE && slot->database == MyDatabaseId &&
			slot->generation != 0)
			alive[nalive++] = slot->generation;
	}
	cj_worker_unlock();

	begin_bookkeeping();
	stale_claims = !cj_job_claim_free_stale(cj_worker_shared->server_start,
											alive, nalive);
	cj_job_queue_cancel_copies();
	cj_store_commit();
	pfree(alive);
}

/*
 * Would a worker for this owner fail to connect next time, too?
 */
static bool
is_permanent(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		ERRCODE_TO_CATEGORY(sqlerrcode) ==
		ERRCODE_TO_CATEGORY(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION);
}

/*
 * Would the job of a LOST slot, which this or another process had begun, leave
 * something behind?
 */
static bool
has_to_be_undone(const CjWorkerSlot *lost)
{
	CjJob	   *job = cj_job_store_read_claimed(lost->job_id, lost->generation);

	return job != NULL && cj_job_type_may_need_cleanup(job);
}

/*
 * Look for a request for this job: no worker has it any more that would.
 */
static void
note_requested(int64 id)
{
	if (nrequested < CJ_MAX_REQUESTED)
		requested[nrequested++] = id;
	else
		requested_all = true;
}

/*
 * Take over the job of a LOST slot, of which "lost" is a copy.  Returns false
 * if it has to wait.
 */
static bool
take_over_job(const CjWorkerSlot *lost)
{
	bool		taken;

	if (lost->error_code == ERRCODE_ADMIN_SHUTDOWN && !lost->requested &&
		!TimestampDifferenceExceeds(lost->since, GetCurrentTimestamp(),
									SHUTDOWN_DELAY))
		return false;

	begin_bookkeeping();
	if (lost->begun || is_permanent(lost->error_code))
		taken = cj_job_claim_lost(lost->job_id, lost->generation,
								  (lost->begun || !lost->fresh) && has_to_be_undone(lost),
								  lost->begun,
								  lost->timed_out ? "job exceeded its timeout" : lost->error,
								  lost->timed_out ? ERRCODE_QUERY_CANCELED : lost->error_code);
	else
	{
		/* A worker that left by itself wants a successor at once. */
		taken = cj_job_claim_release(lost->job_id, lost->generation,
									 lost->fresh,
									 lost->error_code == 0 ? 0 : RETRY_INTERVAL);
		check_owners = true;
	}
	cj_store_commit();
	if (taken)
		note_requested(lost->job_id);

	if (taken && lost->begun && !lost->requested)
		ereport(LOG,
				(errcode(lost->error_code),
				 errmsg("job %lld failed: %s", (long long) lost->job_id,
						lost->error)));
	return taken;
}

/*
 * Take over the jobs of workers that ended without finishing them.  Returns
 * the milliseconds after which to look again, -1 if none is left.
 */
static long
take_over_lost_jobs(void)
{
	long		timeout = -1;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];
		CjWorkerSlot lost;

		cj_worker_lock(LW_SHARED);
		lost = *slot;
		cj_worker_unlock();
		if (lost.state != CJ_SLOT_LOST || lost.database != MyDatabaseId)
			continue;

		if (!take_over_job(&lost))
		{
			timeout = SHUTDOWN_DELAY;
			continue;
		}
		cj_worker_lock(LW_EXCLUSIVE);
		cj_worker_slot_clear_job(slot);
		cj_worker_slot_set_state(slot, CJ_SLOT_FREE);
		cj_worker_unlock();
	}
	return timeout;
}

/*
 * Copy the progress of this database's workers into the table.
 */
static void
copy_progress(void)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];
		int64		job_id = 0;
		uint64		generation = 0;
		double		fraction = -1;
		char		status[CJ_STATUS_LENGTH];

		cj_worker_lock(LW_SHARED);
		if (slot->state == CJ_SLOT_BUSY && slot->database == MyDatabaseId)
		{
			SpinLockAcquire(&slot->mutex);
			if (slot->progress_new && !slot->pinned)
			{
				job_id = slot->job_id;
				generation = slot->generation;
				fraction = slot->fraction;
				memcpy(status, slot->status, CJ_STATUS_LENGTH);
				slot->progress_new = false;
			}
			SpinLockRelease(&slot->mutex);
		}
		cj_worker_unlock();

		if (job_id != 0)
			cj_job_store_progress(job_id, generation, fraction,
								  status[0] != '\0' ? status : NULL);
	}
}

/*
 * Set a block of generations aside for claims; returns the first.
 */
static uint64
take_generations(int count)
{
	uint64		first;

	cj_worker_lock(LW_EXCLUSIVE);
	first = cj_worker_shared->next_generation;
	cj_worker_shared->next_generation += count;
	cj_worker_unlock();

	return first;
}

/*
 * Give a claim back that found no worker, now or, if its row is locked, later.
 */
static void
release_claim(int64 id, uint64 generation, bool fresh)
{
	MemoryContext old;
	UnreleasedClaim *claim;

	if (cj_job_claim_release(id, generation, fresh, 0))
	{
		note_requested(id);
		return;
	}

	old = MemoryContextSwitchTo(TopMemoryContext);
	claim = palloc(sizeof(UnreleasedClaim));
	claim->id = id;
	claim->generation = generation;
	claim->fresh = fresh;
	unreleased_claims = lappend(unreleased_claims, claim);
	MemoryContextSwitchTo(old);
}

/*
 * Try again with the claims whose rows were locked.
 */
static void
release_unreleased(void)
{
	List	   *again = unreleased_claims;
	ListCell   *lc;

	if (again == NIL)
		return;

	unreleased_claims = NIL;
	begin_bookkeeping();
	foreach(lc, again)
	{
		UnreleasedClaim *claim = lfirst(lc);

		release_claim(claim->id, claim->generation, claim->fresh);
	}
	cj_store_commit();
	list_free_deep(again);
}

/*
 * Give claims back that found no worker; say so once, not at every try.
 */
static void
release_claims(const CjJobClaim *claims, int nclaims)
{
	static bool told = false;

	if (nclaims > 0 && !told)
		ereport(LOG,
				(errmsg("out of background worker slots, jobs have to wait"),
				 errhint("You might need to increase max_worker_processes.")));
	told = nclaims > 0;
	if (nclaims == 0)
		return;

	begin_bookkeeping();
	for (int i = 0; i < nclaims; i++)
		release_claim(claims[i].id, claims[i].generation, claims[i].fresh);
	cj_store_commit();
}

/*
 * If there are jobs for which there is no place, say so, once for each value
 * of jobs.max_running.
 */
static void
report_waiting_jobs(void)
{
	static int	told = -1;

	if (told == cj_guc_max_running || !cj_pool_is_full())
		return;

	told = cj_guc_max_running;
	ereport(LOG,
			(errmsg("as many jobs run as may run at the same time, further ones have to wait"),
			 errhint("You might need to increase jobs.max_running.")));
}

/*
 * Carry out what sessions have requested for jobs that no worker has.  Returns
 * false if some is left, since rows are locked: it is tried again.
 */
static bool
settle_requests(void)
{
	int64		ids[CJ_MAX_REQUESTED];
	int			nids = cj_coordinator_take_requested(ids);

	if (nids < 0 || nrequested + nids > CJ_MAX_REQUESTED)
		requested_all = true;
	else
	{
		memcpy(requested + nrequested, ids, nids * sizeof(int64));
		nrequested += nids;
	}

	if (!cj_job_queue_settle(requested, requested_all ? -1 : nrequested))
		return false;
	requested_all = false;
	nrequested = 0;
	return true;
}

/*
 * Let go of the jobs that have waited for their time, for others, or for their
 * exclusive key, and look what is in the queue then.
 */
static void
release_waiting(CjQueueLook *look)
{
	cj_job_queue_look(look);
	if (look->next_run == 0)
		cj_job_queue_ripen();
	if (look->dependency)
		cj_job_queue_resolve_dependencies();
	if (look->next_run == 0 || look->dependency)
		cj_job_queue_look(look);
	if (look->exclusive)
	{
		cj_job_queue_admit_exclusive();
		look->ready = true;
	}
}

/*
 * How many more jobs of the types that have a limit may run.
 */
static const CjJobShare *
type_shares(int *nshares)
{
	const List *types = cj_job_type_list();
	CjJobShare *shares = palloc0(Max(list_length(types), 1) * sizeof(CjJobShare));
	ListCell   *lc;

	*nshares = 0;
	foreach(lc, types)
	{
		const CjJobType *type = (const CjJobType *) lfirst(lc);

		if (type->max_running > 0)
		{
			shares[*nshares].type = type->name;
			shares[(*nshares)++].jobs = type->max_running - cj_pool_count_type(type->name);
		}
	}
	return shares;
}

/*
 * Carry out requests for unclaimed jobs, then claim up to "limit" due jobs.
 * Returns their number; *next_due becomes the milliseconds after which to look
 * again, -1 if nothing waits; *more, whether there may be jobs that wait for a
 * place.
 */
static int
claim_jobs(int limit, CjJobClaim **claims, long *next_due, bool *more)
{
	static Oid	last_owner = InvalidOid;
	CjQueueLook look;
	bool		settled;
	bool		left = false;
	int			nclaims = 0;

	begin_bookkeeping();

	/*
	 * What a crash takes back of this costs nothing: the work that a claim
	 * was for has not been committed either, and a request is carried out
	 * again.
	 */
	(void) set_config_option("synchronous_commit", "off", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	settled = settle_requests();
	if (check_owners)
		cj_job_queue_fail_ownerless(!CJ_HAVE_BYPASS_ROLELOGINCHECK);
	check_owners = false;
	release_waiting(&look);
	*next_due = look.next_run;
	if (look.ready && limit > 0)
	{
		CjJobLimits limits = {
			.total = limit,
			.per_owner = cj_guc_max_running_per_owner > 0 ?
			cj_guc_max_running_per_owner : INT_MAX,
			.last_owner = last_owner
		};

		limits.owners = cj_pool_owner_shares(&limits.nowners);
		limits.types = type_shares(&limits.ntypes);
		nclaims = cj_job_claim(&limits, take_generations(limit),
							   cj_worker_shared->server_start, claims);
		if (nclaims > 0)
			last_owner = (*claims)[nclaims - 1].owner;
		/* What was not claimed is locked, or its owner or type has its share. */
		if (nclaims < limit)
		{
			cj_job_queue_look(&look);
			left = look.ready;
		}
	}
	else if (look.ready)
		report_waiting_jobs();
	cj_store_commit();
	*more = left || (look.ready && nclaims == limit);

	if (!settled || left)
		*next_due = *next_due < 0 ? LOCKED_INTERVAL : Min(*next_due, LOCKED_INTERVAL);
	return nclaims;
}

/*
 * Claim due jobs and hand them to workers.  Returns the milliseconds until the
 * next job is due, -1 if none is.
 */
static long
distribute_jobs(void)
{
	static bool out_of_processes = false;
	CjJobClaim *claims = NULL;
	int			limit = cj_worker_reserve();
	int			nclaims;
	int			nassigned = 0;
	long		next_due;
	bool		more;

	/* Where no process could be had, try it with one job first. */
	if (out_of_processes)
		limit = Min(limit, 1);
	nclaims = claim_jobs(limit, &claims, &next_due, &more);
	cj_pausepoint("coordinator.after_claim");
	while (nassigned < nclaims && cj_pool_assign(&claims[nassigned]))
		nassigned++;
	cj_pausepoint("coordinator.after_assign");
	cj_worker_unreserve(nassigned, more && nassigned == nclaims);


	if (nclaims > 0)
		release_claims(claims + nassigned, nclaims - nassigned);
	if (nassigned < nclaims)
	{
		out_of_processes = true;
		return RETRY_INTERVAL;
	}
	if (out_of_processes && nclaims == limit && limit > 0)
		next_due = 0;			/* there may be more for the others */
	out_of_processes = false;
	return next_due;
}

/*
 * When the next pass over the old jobs is due, in milliseconds; -1: no job is
 * going to be too old.
 */
static long
next_retention(const CjRetentionPass *pass, TimestampTz now)
{
	if (TIMESTAMP_IS_NOEND(pass->oldest) || cj_guc_retention_time == 0)
		return -1;
	return Max((pass->oldest - now) / 1000 + cj_guc_retention_time * 1000L,
			   RETENTION_INTERVAL);
}

/*
 * Delete jobs that finished long ago, now and then and when the settings have
 * changed: a batch a turn, so that nothing has to wait for the others.  Returns
 * the milliseconds until there is something to delete, -1 if that never comes.
 */
static long
delete_old_jobs(void)
{
	static TimestampTz looked_at = 0;
	static int	retention_time = -1;
	static int	retention_max_rows = -1;
	static CjRetentionPass pass;
	static bool under_way = false;
	TimestampTz now = GetCurrentTimestamp();

	if (!under_way && retention_time == cj_guc_retention_time &&
		retention_max_rows == cj_guc_retention_max_rows &&
		!TimestampDifferenceExceeds(looked_at, now, RETENTION_INTERVAL))
		return next_retention(&pass, now);

	begin_bookkeeping();
	if (!under_way)
		under_way = cj_job_retention_begin(&pass);
	if (under_way)
		under_way = cj_job_retention_delete(&pass);
	cj_store_commit();

	looked_at = now;
	retention_time = cj_guc_retention_time;
	retention_max_rows = cj_guc_retention_max_rows;
	return under_way ? 0 : next_retention(&pass, now);
}

/*
 * The shorter of two times to wait; CJ_NOTHING_DUE is none.
 */
static long
shorter(long timeout, long other)
{
	if (other == CJ_NOTHING_DUE)
		return timeout;
	return timeout == CJ_NOTHING_DUE ? other : Min(timeout, other);
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
	CjQueueLook look;

	if (!cj_store_server_is_read_only())
	{
		told = false;
		return false;
	}

	begin_bookkeeping();
	cj_job_queue_look(&look);
	cj_store_commit();
	*timeout = look.any ? RETRY_INTERVAL : CJ_NOTHING_DUE;
	if (!told && look.any)
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
	static TimestampTz progress_copied = 0;
	long		timeout = CJ_NOTHING_DUE;
	long		retry;
	TimestampTz now = GetCurrentTimestamp();

	cj_pool_check_started();
	timeout = shorter(timeout, cj_worker_enforce_requests());
	if (must_not_write(&retry))
		return shorter(timeout, retry);

	free_stale_claims();
	release_unreleased();
	timeout = shorter(timeout, take_over_lost_jobs());
	timeout = shorter(timeout, distribute_jobs());
	cj_pool_shrink();
	if (stale_claims || unreleased_claims != NIL)
		timeout = shorter(timeout, LOCKED_INTERVAL);
	timeout = shorter(timeout, delete_old_jobs());

	if (TimestampDifferenceExceeds(progress_copied, now, PROGRESS_INTERVAL))
	{
		begin_bookkeeping();
		copy_progress();
		cj_store_commit();
		progress_copied = now;
	}
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
		if (cj_worker_slots_leave(MyDatabaseId, true) == 0)
			cj_stay_end(OidIsValid(extension) ? 0 : CJ_NOTHING_DUE);
		cj_wait_latch(CJ_WAIT_COORDINATOR, RETRY_INTERVAL);
		if (!cj_stay_begin_turn())
			proc_exit(0);
	}
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
