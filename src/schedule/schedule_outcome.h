/*-------------------------------------------------------------------------
 *
 * schedule_outcome.h
 *	  What follows for a schedule from how its jobs end.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_outcome.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_OUTCOME_H
#define CJ_SCHEDULE_OUTCOME_H

#include "schedule/schedule.h"

/* How the state of a schedule begins that waits for an earlier job. */
#define CJ_STATE_DELAYED "delayed"

extern void cj_schedule_failed(const CjSchedule *schedule, TimestampTz due,
							   TimestampTz next, const char *error,
							   TimestampTz now);
extern long cj_schedule_note_ends(void);

#endif							/* CJ_SCHEDULE_OUTCOME_H */
