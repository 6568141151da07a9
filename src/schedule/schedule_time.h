/*-------------------------------------------------------------------------
 *
 * schedule_time.h
 *	  The times of a schedule that follow a run.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_time.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_TIME_H
#define CJ_SCHEDULE_TIME_H

#include "schedule/schedule.h"

/* After this, a run that failed or has to wait is tried again. */
#define CJ_SCHEDULE_RETRY_DELAY (60 * USECS_PER_SEC)

extern TimestampTz cj_schedule_first(const CjSchedule *schedule,
									 TimestampTz now);
extern TimestampTz cj_schedule_following(const CjSchedule *schedule);
extern TimestampTz cj_schedule_next(const CjSchedule *schedule,
									TimestampTz from, TimestampTz now,
									int64 *missed);
extern TimestampTz cj_schedule_after_clock_change(const CjSchedule *schedule,
												  TimestampTz time,
												  TimestampTz now);
extern bool cj_schedule_is_once(const char *recurrence, const char *timezone);

#endif							/* CJ_SCHEDULE_TIME_H */
