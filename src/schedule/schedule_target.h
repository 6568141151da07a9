/*-------------------------------------------------------------------------
 *
 * schedule_target.h
 *	  What the jobs of a schedule back up or send.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_target.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_TARGET_H
#define CJ_SCHEDULE_TARGET_H

#include "schedule/schedule.h"

extern void cj_schedule_target_check(CjScheduleWork *work);
extern void cj_schedule_target_check_options(Jsonb *options);

#endif							/* CJ_SCHEDULE_TARGET_H */
