/*-------------------------------------------------------------------------
 *
 * base_clock.h
 *	  The clock that schedules go by.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_clock.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_CLOCK_H
#define CJ_BASE_CLOCK_H

#include "datatype/timestamp.h"

/* A clock that differs by less has not been set; microseconds. */
#define CJ_CLOCK_TOLERANCE INT64CONST(1000000)

extern TimestampTz cj_clock_now(void);
extern bool cj_clock_was_set(void);

#endif							/* CJ_BASE_CLOCK_H */
