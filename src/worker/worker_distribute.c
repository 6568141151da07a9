/*-------------------------------------------------------------------------
 *
 * worker_distribute.c
 *	  Part of the coordinator: requests, claims, and jobs for workers.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_distribute.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_store.h"
#include "base/base_wait.h"
#include "compat.h"
#include "job/job_claim_store.h"
#include "job/job_queue_store.h"
#include "job/job_type.h"
#include "worker/worker_ahead.h"
#include "worker/worker_place.h"
#include "worker/worker_pool.h"
#include "worker/worker_slot.h"
#include "worker/worker_turn.h"

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

static List *unreleased_claims = NIL;
static bool check_owners = true;

/*
 * Look for a request for this job: no worker has it any more that would.
 */
void
cj_turn_note_requested(int64 id)
{
	if (nrequested < CJ_MAX_REQUESTED)
		requested[nrequested++] = id;
	else
		requested_all = true;
}

/*
 * Look for requests for all jobs that no worker has.
 */
void
cj_turn_note_all_requested(void)
{
	requested_all = true;
}

/*
 * Look in the next turn whether jobs wait of owners as whom no worker can
 * connect.
 */
void
cj_turn_check_owners(void)
{
	check_owners = true;
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
		cj_turn_note_requested(id);
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
	cj_turn_begin();
	foreach(lc, again)
	{
		UnreleasedClaim *claim = lfirst(lc);

		release_claim(claim->id, claim->generation, claim->fresh);
	}
	cj_store_commit();
	list_free_deep(again);
}

/*
 * Say that there is no room for the workers of jobs: once, not at every try.
 */
static void
report_processes(bool out_of_processes)
{
	static bool told = false;

	if (out_of_processes && !told)
		ereport(LOG,
				(errmsg("out of background worker slots, jobs have to wait"),
				 errhint("You might need to increase max_worker_processes.")));
	told = out_of_processes;
}

/*
 * Give claims back that found no worker.
 */
static void
release_claims(const CjJobClaim *claims, int nclaims)
{
	if (nclaims == 0)
		return;

	cj_turn_begin();
	for (int i = 0; i < nclaims; i++)
		release_claim(claims[i].id, claims[i].generation, claims[i].fresh);
	cj_store_commit();
}

/*
 * Give the claims of jobs back that workers were given ahead and have not begun.
 */
static void
take_back_claims(void)
{
	CjJobClaim *claims = palloc0(cj_worker_shared->nslots * sizeof(CjJobClaim));

	release_claims(claims, cj_ahead_take_back(claims));
	pfree(claims);
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
 * Carry out requests for unclaimed jobs, then claim up to "limit" due jobs, and
 * up to "ahead" further ones for workers that are about to be done.  Returns their
 * number; *next_due becomes the milliseconds after which to look again, -1 if
 * nothing waits; *more, whether there may be jobs that wait for a place; sets
 * *awaits_end if jobs wait for the end of others.
 */
static int
claim_jobs(int limit, int ahead, CjJobClaim **claims, long *next_due, bool *more,
		   bool *awaits_end)
{
	static Oid	last_owner = InvalidOid;
	CjQueueLook look;
	bool		settled;
	bool		left = false;
	int			nclaims = 0;

	cj_turn_begin();

	/* A request that a crash takes back is carried out again. */
	cj_store_leave_flush();
	settled = settle_requests();
	if (check_owners)
		cj_job_queue_fail_ownerless(!CJ_HAVE_BYPASS_ROLELOGINCHECK);
	check_owners = false;
	release_waiting(&look);
	*next_due = look.next_run;
	if (look.ready && limit + ahead > 0)
	{
		CjJobLimits limits = {
			.total = limit + ahead,
			.ahead = ahead,
			.per_owner = cj_guc_max_running_per_owner > 0 ?
			cj_guc_max_running_per_owner : INT_MAX,
			.last_owner = last_owner
		};

		limits.owners = cj_pool_owner_shares(&limits.nowners);
		limits.types = type_shares(&limits.ntypes);
		nclaims = cj_job_claim(&limits, take_generations(limits.total),
							   cj_worker_shared->server_start, claims);
		if (nclaims > 0)
			last_owner = (*claims)[nclaims - 1].owner;
		/* What was not claimed is locked, or its owner or type has its share. */
		if (nclaims < limits.total)
		{
			cj_job_queue_look(&look);
			left = look.ready;
		}
	}
	else if (look.ready)
		report_waiting_jobs();
	cj_store_commit();
	*more = left || (look.ready && nclaims == limit + ahead);
	*awaits_end |= left || look.dependency || look.exclusive;

	if (!settled || left)
		*next_due = cj_shorter(*next_due, CJ_LOCKED_INTERVAL);
	return nclaims;
}

/*
 * Hand claims to workers, until one finds none; the others are given back.  Sets
 * *nassigned to how many have found one.  Returns what became of the last.
 */
static CjPoolAnswer
assign_claims(const CjJobClaim *claims, int nclaims, int *nassigned)
{
	CjPoolAnswer answer = CJ_POOL_ASSIGNED;
	int			n = 0;

	while (n < nclaims &&
		   (answer = cj_pool_assign(&claims[n])) == CJ_POOL_ASSIGNED)
		n++;
	*nassigned = n;
	return answer;
}

/*
 * Claim due jobs and hand them to workers.  Returns the milliseconds until the
 * next job is due, -1 if none is; sets *awaits_end if jobs wait for the end of
 * others.
 */
long
cj_turn_distribute_jobs(bool *awaits_end)
{
	static bool out_of_processes = false;
	CjJobClaim *claims = NULL;
	CjPoolAnswer answer;
	int			limit;
	int			ahead;
	int			nclaims;
	int			nassigned;
	long		next_due;
	bool		more;

	release_unreleased();
	take_back_claims();
	limit = cj_worker_reserve(&ahead);

	/*
	 * Where no process could be had, try it with one job first, and let the
	 * others' workers become idle, so that one can make room.
	 */
	if (out_of_processes)
	{
		limit = Min(limit, 1);
		ahead = 0;
	}
	nclaims = claim_jobs(limit, ahead, &claims, &next_due, &more, awaits_end);
	cj_pausepoint("coordinator.after_claim");
	answer = assign_claims(claims, nclaims, &nassigned);
	cj_pausepoint("coordinator.after_assign");
	cj_worker_unreserve(nassigned, more && nassigned == nclaims);

	release_claims(claims + nassigned, nclaims - nassigned);
	if (answer == CJ_POOL_NO_PLACE)
		return 0;
	if (nclaims > 0)
		report_processes(answer == CJ_POOL_NO_PROCESS);
	if (answer == CJ_POOL_NO_PROCESS)
	{
		out_of_processes = true;
		return CJ_RETRY_INTERVAL;
	}
	if (out_of_processes && nclaims >= limit && limit > 0)
		next_due = 0;			/* there may be more for the others */
	out_of_processes = false;
	if (unreleased_claims != NIL)
		next_due = cj_shorter(next_due, CJ_LOCKED_INTERVAL);
	return next_due;
}
