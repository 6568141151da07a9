/*-------------------------------------------------------------------------
 *
 * schedule_create.h
 *	  Checks of what a new schedule, or one that is altered, says.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_create.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_CREATE_H
#define CJ_SCHEDULE_CREATE_H

extern void cj_schedule_check_label(const char *label);
extern void cj_schedule_check_max_running(int max_running);

#endif							/* CJ_SCHEDULE_CREATE_H */
