/*-------------------------------------------------------------------------
 *
 * job_stats.h
 *	  Counters of what became of jobs, by type.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_stats.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_STATS_H
#define CJ_JOB_STATS_H

#include "utils/timestamp.h"

#include "job/job_event.h"

/* What has happened to the jobs of a type since the server started. */
typedef struct CjJobCounters
{
	char		job_type[NAMEDATALEN];
	int64		submitted;
	int64		started;
	int64		succeeded;
	int64		failed;
	int64		canceled;
	int64		revert_failed;
	int64		retried;
	int64		revert_retried;
	int64		schedules_started;
	int64		schedules_succeeded;
	int64		schedules_failed;
	double		seconds;
} CjJobCounters;

extern void cj_job_stats_init(void);
extern void cj_job_stats_lock(void);
extern void cj_job_stats_unlock(void);
extern void cj_job_stats_count(const CjJobEvent *event);
extern int	cj_job_stats_read(CjJobCounters **counters, TimestampTz *since);

#endif							/* CJ_JOB_STATS_H */
