/*-------------------------------------------------------------------------
 *
 * schedule_option.h
 *	  The words that options of schedules have.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_option.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_OPTION_H
#define CJ_SCHEDULE_OPTION_H

#include "schedule/schedule.h"

extern CjScheduleFailure cj_schedule_failure_parse(const char *word);
extern const char *cj_schedule_failure_name(CjScheduleFailure failure);
extern CjScheduleOverlap cj_schedule_overlap_parse(const char *word);
extern const char *cj_schedule_overlap_name(CjScheduleOverlap overlap);

#endif							/* CJ_SCHEDULE_OPTION_H */
