/*-------------------------------------------------------------------------
 *
 * worker_progress.c
 *	  Part of the coordinator: the live progress of jobs.
 *
 * A worker writes its progress into its slot, as often as it likes.  With the
 * first word since the last copy it wakes the coordinator, which copies what
 * all have said, now and then: a job that says nothing costs nothing.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_progress.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/base_store.h"
#include "job/job_progress_store.h"
#include "worker/worker_slot.h"
#include "worker/worker_turn.h"

/* Live progress is copied into the tables this often, in milliseconds. */
#define PROGRESS_INTERVAL 5000

/*
 * Take what the job in a slot has said since the last copy; "status" has
 * CJ_STATUS_LENGTH bytes and is what progress->status points to.  Returns false
 * if it has said nothing.  With "peek" it stays new.
 */
static bool
take_progress(CjWorkerSlot *slot, CjJobProgress *progress, char *status, bool peek)
{
	bool		is_new = false;

	cj_worker_lock(LW_SHARED);
	if (slot->state == CJ_SLOT_BUSY && slot->database == MyDatabaseId)
	{
		SpinLockAcquire(&slot->mutex);
		is_new = slot->progress_new;
		progress->job_id = slot->job_id;
		progress->generation = slot->generation;
		progress->fraction = slot->fraction;
		progress->history_only = slot->pinned;
		memcpy(status, slot->status, CJ_STATUS_LENGTH);
		if (!peek)
			slot->progress_new = false;
		SpinLockRelease(&slot->mutex);
	}
	cj_worker_unlock();

	progress->status = status[0] != '\0' ? status : NULL;
	return is_new && progress->job_id != 0;
}

/*
 * Has any job of this database said something since the last copy?
 */
static bool
has_news(void)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjJobProgress progress = {0};
		char		status[CJ_STATUS_LENGTH] = "";

		if (take_progress(&cj_worker_shared->slots[i], &progress, status, true))
			return true;
	}
	return false;
}

/*
 * Copy the progress of this database's jobs into the tables.
 */
static void
copy_progress(void)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjJobProgress progress = {0};
		char		status[CJ_STATUS_LENGTH] = "";

		if (take_progress(&cj_worker_shared->slots[i], &progress, status, false))
			cj_job_progress_copy(&progress);
	}
}

/*
 * Copy live progress, if there is any and the last copy is long enough ago.
 * Returns the milliseconds until there is something to copy, CJ_NOTHING_DUE if
 * no job has said anything.
 */
long
cj_turn_copy_progress(void)
{
	static TimestampTz copied = 0;
	TimestampTz now = GetCurrentTimestamp();
	long		since;

	if (!has_news())
		return CJ_NOTHING_DUE;
	since = TimestampDifferenceMilliseconds(copied, now);
	if (since < PROGRESS_INTERVAL)
		return PROGRESS_INTERVAL - since;

	cj_turn_begin();
	copy_progress();
	cj_store_commit();
	copied = now;
	return CJ_NOTHING_DUE;
}
