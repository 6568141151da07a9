/*-------------------------------------------------------------------------
 *
 * job_pending.c
 *	  What a transaction has done to jobs, acted upon at its commit.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_pending.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "base/base_ids.h"
#include "job/job_pending.h"

/* One per (sub)transaction that did something, the innermost first. */
typedef struct PendingLevel
{
	int			nest_level;
	int64	   *ids;			/* jobs that requests were made for */
	int			nids;
	int			capacity;
	bool		others;			/* other jobs were changed, too */
	struct PendingLevel *outer;
} PendingLevel;

static PendingLevel *pending = NULL;

/* Has the transaction, or a part of it since rolled back, touched any job? */
static bool touched = false;

static CjJobCommitHook commit_hook = NULL;

/*
 * The level of the current (sub)transaction, made if need be.
 *
 * Levels live in TopTransactionContext and go with it.
 */
static PendingLevel *
current_level(void)
{
	int			nest_level = GetCurrentTransactionNestLevel();

	if (pending == NULL || pending->nest_level < nest_level)
	{
		PendingLevel *level;

		level = MemoryContextAllocZero(TopTransactionContext,
									   sizeof(PendingLevel));
		level->nest_level = nest_level;
		level->outer = pending;
		pending = level;
	}
	return pending;
}

/*
 * Append job ids to a level.
 */
static void
append_ids(PendingLevel *level, const int64 *ids, int nids)
{
	if (nids == 0)
		return;

	if (level->nids + nids > level->capacity)
	{
		int			capacity = Max(level->nids + nids, 2 * level->capacity);

		if (level->ids == NULL)
			level->ids = MemoryContextAllocHuge(TopTransactionContext,
												capacity * sizeof(int64));
		else
			level->ids = repalloc_huge(level->ids, capacity * sizeof(int64));
		level->capacity = capacity;
	}
	memcpy(level->ids + level->nids, ids, nids * sizeof(int64));
	level->nids += nids;
}

/*
 * Note that the current (sub)transaction submitted a job.
 */
void
cj_job_pending_add_submission(void)
{
	(void) current_level();
	touched = true;
}

/*
 * Note that the current (sub)transaction changed jobs in a way that is none of
 * their workers' business.
 */
void
cj_job_pending_add_others(void)
{
	current_level()->others = true;
	touched = true;
}

/*
 * Note that the current (sub)transaction made requests for these jobs; none,
 * if it has only locked their rows.
 */
void
cj_job_pending_add_requests(const int64 *ids, int nids)
{
	append_ids(current_level(), ids, nids);
	touched = true;
}

/*
 * At commit act; at abort forget, but tell that the rows are free again; a
 * PREPARE is refused, since the later COMMIT PREPARED, possibly after a
 * restart, could not signal anyone.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	PendingLevel *level = pending;

	if (!touched)
		return;

	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (level == NULL)
				break;
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot PREPARE a transaction that has submitted or controlled jobs")));
			break;
		case XACT_EVENT_COMMIT:
			pending = NULL;
			touched = false;
			if (level == NULL)
				commit_hook(NULL, 0, false);
			else
			{
				cj_ids_sort(level->ids, level->nids);
				commit_hook(level->ids, level->nids, level->others);
			}
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			pending = NULL;
			touched = false;
			commit_hook(NULL, 0, false);
			break;
		default:
			break;
	}
}

/*
 * A released savepoint's doings become its parent's, a rolled back one's are
 * dropped.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	int			nest_level = GetCurrentTransactionNestLevel();
	PendingLevel *level = pending;

	if (level == NULL || level->nest_level < nest_level)
		return;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		pending = level->outer;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		if (level->outer != NULL && level->outer->nest_level == nest_level - 1)
		{
			append_ids(level->outer, level->ids, level->nids);
			level->outer->others |= level->others;
			pending = level->outer;
		}
		else
			level->nest_level = nest_level - 1;
	}
}

/*
 * Install the transaction callbacks.  Called once, at preload.
 */
void
cj_job_pending_init(CjJobCommitHook hook)
{
	commit_hook = hook;
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
