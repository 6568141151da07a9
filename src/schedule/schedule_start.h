/*-------------------------------------------------------------------------
 *
 * schedule_start.h
 *	  Starting the job of a schedule.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_start.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_START_H
#define CJ_SCHEDULE_START_H

#include "schedule/schedule.h"

extern void cj_schedule_check_start(const CjSchedule *schedule);
extern int64 cj_schedule_start(const CjSchedule *schedule, TimestampTz due,
							   int64 missed, TimestampTz now);

#endif							/* CJ_SCHEDULE_START_H */
