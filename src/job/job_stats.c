/*-------------------------------------------------------------------------
 *
 * job_stats.c
 *	  Counters of what became of jobs, by type.
 *
 * They are in shared memory and begin anew when the server starts, or restarts
 * after a crash.  One lock guards everything; nothing that may raise an error
 * happens under it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_stats.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"

#include "base/base_shmem.h"
#include "job/job_stats.h"

/* As many pairs of a database and a job type are counted. */
#define MAX_ENTRIES 1024

typedef struct StatsEntry
{
	Oid			database;
	CjJobCounters counters;
} StatsEntry;

typedef struct StatsShared
{
	TimestampTz since;
	int			nentries;
	StatsEntry	entries[MAX_ENTRIES];
} StatsShared;

static StatsShared *shared = NULL;
static object_access_hook_type prev_object_access = NULL;

/*
 * Size of the shared memory.
 */
static Size
shared_size(void)
{
	return sizeof(StatsShared);
}

/*
 * Initialize the shared memory.
 */
static void
init_shared(void)
{
	shared->since = GetCurrentTimestamp();
}

static CjShmemItem item = {
	.name = "cancel_job statistics",
	.size = shared_size,
	.init = init_shared,
	.area = (void **) &shared
};

/*
 * Take the lock to count.
 */
void
cj_job_stats_lock(void)
{
	LWLockAcquire(item.lock, LW_EXCLUSIVE);
}

/*
 * Release it.
 */
void
cj_job_stats_unlock(void)
{
	LWLockRelease(item.lock);
}

/*
 * The counters of a job type of this database, made if need be; NULL if there
 * is no room.  Needs the lock.
 */
static CjJobCounters *
find_counters(const char *type)
{
	StatsEntry *entry;

	for (int i = 0; i < shared->nentries; i++)
	{
		entry = &shared->entries[i];
		if (entry->database == MyDatabaseId &&
			strncmp(entry->counters.job_type, type, NAMEDATALEN - 1) == 0)
			return &entry->counters;
	}
	if (shared->nentries == MAX_ENTRIES)
		return NULL;

	entry = &shared->entries[shared->nentries++];
	memset(entry, 0, sizeof(StatsEntry));
	entry->database = MyDatabaseId;
	strlcpy(entry->counters.job_type, type, NAMEDATALEN);
	return &entry->counters;
}

/*
 * Count what a schedule has done, or has seen.
 */
static void
count_run(CjJobCounters *counters, CjJobState state)
{
	if (state == CJ_JOB_PENDING)
		counters->schedules_started++;
	else if (state == CJ_JOB_SUCCEEDED)
		counters->schedules_succeeded++;
	else
		counters->schedules_failed++;
}

/*
 * Count an event that has been committed.  Needs the lock; raises nothing.
 */
void
cj_job_stats_count(const CjJobEvent *event)
{
	CjJobCounters *counters = find_counters(event->job_type);

	if (counters == NULL)
		return;

	if (event->of_schedule)
	{
		count_run(counters, event->state);
		return;
	}
	counters->seconds += event->seconds;
	if (event->retried)
	{
		counters->retried++;
		if (event->state == CJ_JOB_REVERTING)
			counters->revert_retried++;
		return;
	}
	switch (event->state)
	{
		case CJ_JOB_PENDING:
			if (event->released)
				counters->started--;
			else
				counters->submitted++;
			break;
		case CJ_JOB_RUNNING:
			if (!event->resumed)
				counters->started++;
			break;
		case CJ_JOB_SUCCEEDED:
			counters->succeeded++;
			break;
		case CJ_JOB_FAILED:
			counters->failed++;
			break;
		case CJ_JOB_CANCELED:
			counters->canceled++;
			break;
		case CJ_JOB_REVERT_FAILED:
			counters->revert_failed++;
			break;
		default:
			break;
	}
}

/*
 * The counters of this database, in the current memory context; returns how
 * many there are.  *since is when all of them were 0.
 */
int
cj_job_stats_read(CjJobCounters **counters, TimestampTz *since)
{
	int			ncounters = 0;

	*counters = NULL;
	*since = 0;
	if (shared == NULL)
		return 0;				/* the library is not preloaded */
	*counters = palloc(MAX_ENTRIES * sizeof(CjJobCounters));

	LWLockAcquire(item.lock, LW_SHARED);
	for (int i = 0; i < shared->nentries; i++)
	{
		if (shared->entries[i].database == MyDatabaseId)
			(*counters)[ncounters++] = shared->entries[i].counters;
	}
	*since = shared->since;
	LWLockRelease(item.lock);

	return ncounters;
}

/*
 * Give back the room of a database's counters.
 */
static void
forget_database(Oid database)
{
	int			nkept = 0;

	cj_job_stats_lock();
	for (int i = 0; i < shared->nentries; i++)
	{
		if (shared->entries[i].database != database)
			shared->entries[nkept++] = shared->entries[i];
	}
	shared->nentries = nkept;
	cj_job_stats_unlock();
}

/*
 * object_access_hook: forget a database that is dropped.  Should that fail
 * later on, its counters have begun anew.
 */
static void
object_access(ObjectAccessType access, Oid class_oid, Oid object, int sub,
			  void *arg)
{
	if (prev_object_access)
		prev_object_access(access, class_oid, object, sub, arg);

	if (access == OAT_DROP && class_oid == DatabaseRelationId && shared != NULL)
		forget_database(object);
}

/*
 * Install the counters.  Called once, at preload.
 */
void
cj_job_stats_init(void)
{
	cj_shmem_add(&item);
	prev_object_access = object_access_hook;
	object_access_hook = object_access;
}
