/*-------------------------------------------------------------------------
 *
 * base_clock.c
 *	  The clock that schedules go by.
 *
 * It is the server's, which may be set forward and back at any time; for tests,
 * jobs.debug_clock_offset is added to it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_clock.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/timestamp.h"

#include "base/base_clock.h"
#include "base/base_guc.h"

/*
 * The time.
 */
TimestampTz
cj_clock_now(void)
{
	return GetCurrentTimestamp() + cj_guc_debug_clock_offset * USECS_PER_SEC;
}

/*
 * Was the clock set since this process asked last?  It has then not gone as
 * far as a clock that nobody sets.
 */
bool
cj_clock_was_set(void)
{
	static TimestampTz last_difference = 0;
	static bool asked = false;
	instr_time	steady;
	TimestampTz difference;
	bool		was_set;

	INSTR_TIME_SET_CURRENT(steady);
	difference = cj_clock_now() - (TimestampTz) INSTR_TIME_GET_MICROSEC(steady);
	was_set = asked &&
		Max(difference, last_difference) - Min(difference, last_difference) > CJ_CLOCK_TOLERANCE;
	if (was_set || !asked)
		last_difference = difference;
	asked = true;
	return was_set;
}
