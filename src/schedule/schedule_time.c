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
 * The first time that nothing has been made of yet, beside what a schedule that is
 * due is due for; CJ_NO_TIME if there is none.
 */
TimestampTz
cj_schedule_following(const CjSchedule *schedule)
{
	CjCron		cron;
	TimestampTz following;

	if (schedule->due != CJ_NO_TIME)
		return schedule->following;
	cj_cron_parse(&cron, schedule->recurrence, schedule->timezone);
	if (cron.kind == CJ_CRON_EVERY)
		return schedule->next_run + cron.every; /* in step with its first run */
	return cj_cron_next(&cron, schedule->next_run, &following) ? following : CJ_NO_TIME;
}

/*
 * The first time after now at which a schedule is due, CJ_NO_TIME if there is none.
 * "from" is one of its times; *missed is how many there are from that one, itself
 * included, until now.
 */
TimestampTz
cj_schedule_next(const CjSchedule *schedule, TimestampTz from, TimestampTz now,
				 int64 *missed)
{
	CjCron		cron;
	TimestampTz next = from;

	*missed = 0;
	if (from > now)
		return from;
	cj_cron_parse(&cron, schedule->recurrence, schedule->timezone);
	if (cron.kind == CJ_CRON_EVERY)
	{
		*missed = (now - from) / cron.every + 1;
		return from + *missed * cron.every;
	}

	do
	{
		if (++(*missed) == MAX_MISSED)
			return cj_schedule_first(schedule, now);
		if (!cj_cron_next(&cron, next, &next))
			return CJ_NO_TIME;
	} while (next <= now);
	return next;
}

/*
 * When a schedule is due whose next time was computed before the clock was set
 * back, as "time": not at a time at which it has run, unless the change is so large that
 * the clock had been wrong.  But a schedule that is meant as an interval goes on
 * at once.
 */
TimestampTz
cj_schedule_after_clock_change(const CjSchedule *schedule, TimestampTz time,
							   TimestampTz now)
{
	CjCron		cron;
	TimestampTz next;

	cj_cron_parse(&cron, schedule->recurrence, schedule->timezone);
	if (cron.kind == CJ_CRON_AT || !cj_cron_next(&cron, now, &next) || next >= time)
		return time;
	if (cron.kind == CJ_CRON_FIELDS && cron.hours != CJ_CRON_ALL_HOURS &&
		time - next < SMALL_CHANGE)
		return time;
	return next;
}
