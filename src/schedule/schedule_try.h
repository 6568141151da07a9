/*-------------------------------------------------------------------------
 *
 * schedule_try.h
 *	  Doing something for one schedule that must not stop the others.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_try.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_TRY_H
#define CJ_SCHEDULE_TRY_H

extern char *cj_schedule_try(void (*action) (void *arg), void *arg);

#endif							/* CJ_SCHEDULE_TRY_H */
