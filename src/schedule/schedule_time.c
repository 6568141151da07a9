/*-------------------------------------------------------------------------
 *
 * schedule_time.c
 *	  The times of a schedule that follow a run.
 *
 * Pure but for the errors of cj_cron_parse().
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_time.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "schedule/schedule_cron.h"
#include "schedule/schedule_time.h"

/* Missed times are counted up to this many. */
#define MAX_MISSED 100000

/*
 * A clock that is set back by less than this makes a time come again at which a
 * schedule has run.
 */
#define SMALL_CHANGE (3 * USECS_PER_HOUR)

/*
 * Does a text stand for one time only?  Raises what cj_cron_parse() raises.
 */
bool
cj_schedule_is_once(const char *recurrence, const char *timezone)
{
	CjCron		cron;

	cj_cron_parse(&cron, recurrence, timezone);
	return cron.kind == CJ_CRON_AT;
}

/*
 * The first time after now at which a schedule is due, CJ_NO_TIME if there is
 * none.
 */
TimestampTz
cj_schedule_first(const CjSchedule *schedule, TimestampTz now)
{
	CjCron		cron;
	TimestampTz next;

	cj_cron_parse(&cron, schedule->recurrence, schedule->timezone);
	return cj_cron_next(&cron, now, &next) ? next : CJ_NO_TIME;
}

/*
 * The first time after now at which a schedule is due that was due at "due",
 * CJ_NO_TIME if there is none.  *missed is how many times there are between the
 * two.
 */
TimestampTz
cj_schedule_next(const CjSchedule *schedule, TimestampTz due, TimestampTz now,
				 int64 *missed)
{
	CjCron		cron;
	TimestampTz next = due;

	cj_cron_parse(&cron, schedule->recurrence, schedule->timezone);
	*missed = 0;
	if (cron.kind == CJ_CRON_EVERY)
	{
		/* It keeps step with its first run. */
		*missed = Max(now - due, 0) / cron.every;
		return due + (*missed + 1) * cron.every;
	}

	while (cj_cron_next(&cron, next, &next))
	{
		if (next > now)
			return next;
		if (++(*missed) == MAX_MISSED)
			return cj_schedule_first(schedule, now);
	}
	return CJ_NO_TIME;
}

/*
 * When a schedule is due whose next time was computed before the clock was set
 * back: not at a time at which it has run, unless the change is so large that
 * the clock had been wrong.  But a schedule that is meant as an interval goes on
 * at once.
 */
TimestampTz
cj_schedule_after_clock_change(const CjSchedule *schedule, TimestampTz now)
{
	CjCron		cron;
	TimestampTz next;

	cj_cron_parse(&cron, schedule->recurrence, schedule->timezone);
	if (cron.kind == CJ_CRON_AT || !cj_cron_next(&cron, now, &next) ||
		next >= schedule->next_run)
		return schedule->next_run;
	if (cron.kind == CJ_CRON_FIELDS && cron.hours != CJ_CRON_ALL_HOURS &&
		schedule->next_run - next < SMALL_CHANGE)
		return schedule->next_run;
	return next;
}
