/*-------------------------------------------------------------------------
 *
 * schedule_history_store.h
 *	  What became of the times at which schedules were due.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_history_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_HISTORY_STORE_H
#define CJ_SCHEDULE_HISTORY_STORE_H

#include "utils/timestamp.h"

/* A run to be recorded. */
typedef struct CjScheduleRun
{
	int64		schedule_id;
	TimestampTz due;
	int64		job_id;			/* 0: none was started */
	int64		missed;
	const char *outcome;		/* NULL: the job has just been started */
	const char *detail;			/* NULL: none */
} CjScheduleRun;

/* A run whose job has come to its end. */
typedef struct CjScheduleEnd
{
	int64		run_id;
	int64		schedule_id;
	int64		job_id;
	char	   *job_type;		/* NULL: the job is not there any more */
	TimestampTz due;
	char	   *outcome;
	char	   *error;			/* NULL: none */
} CjScheduleEnd;

extern void cj_schedule_history_add(const CjScheduleRun *run, TimestampTz now);
extern int	cj_schedule_history_ended(int limit, const int64 *without,
									  int nwithout, CjScheduleEnd **ends);
extern void cj_schedule_history_end(const CjScheduleEnd *end);
extern uint64 cj_schedule_history_trim(TimestampTz now, int limit);

#endif							/* CJ_SCHEDULE_HISTORY_STORE_H */
