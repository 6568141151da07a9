/*-------------------------------------------------------------------------
 *
 * worker_retention.c
 *	  Part of the coordinator: jobs that finished long ago.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_retention.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/base_guc.h"
#include "base/base_store.h"
#include "job/job_retention_store.h"
#include "worker/worker_turn.h"

/*
 * Old jobs are looked for this often, in milliseconds; oftener where jobs are
 * kept for so short that many would be kept for much longer: so many times while
 * a job is kept, but not more than once a second.
 */
#define MAX_INTERVAL (5 * 60 * 1000L)
#define MIN_INTERVAL 1000L
#define LOOKS_PER_RETENTION_TIME 60

/*
 * The milliseconds from one pass over the old jobs to the next.
 */
static long
retention_interval(void)
{
	long		interval = cj_guc_retention_time * 1000L / LOOKS_PER_RETENTION_TIME;

	if (cj_guc_retention_time == 0)
		return MAX_INTERVAL;
	return Max(MIN_INTERVAL, Min(interval, MAX_INTERVAL));
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
			   retention_interval());
}

/*
 * Delete jobs that finished long ago, now and then and when the settings have
 * changed: a batch a turn, so that nothing has to wait for the others.  Returns
 * the milliseconds until there is something to delete, -1 if that never comes.
 */
long
cj_turn_delete_old_jobs(void)
{
	static TimestampTz looked_at = 0;
	static int	retention_time = -1;
	static int	retention_max_rows = -1;
	static CjRetentionPass pass;
	static bool under_way = false;
	TimestampTz now = GetCurrentTimestamp();

	if (!under_way && retention_time == cj_guc_retention_time &&
		retention_max_rows == cj_guc_retention_max_rows &&
		!TimestampDifferenceExceeds(looked_at, now, retention_interval()))
		return next_retention(&pass, now);

	cj_turn_begin();
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
