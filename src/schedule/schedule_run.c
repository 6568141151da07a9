/*-------------------------------------------------------------------------
 *
 * schedule_run.c
 *	  What the coordinator does for schedules in each of its turns.
 *
 * Due schedules are locked, their jobs submitted, and their next times written in
 * one transaction: after a crash all of it has happened, or nothing has.  Each
 * schedule is a subtransaction of its own, so that none stops the others.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_run.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/base_clock.h"
#include "base/base_extension.h"
#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_store.h"
#include "base/base_try.h"
#include "base/base_wait.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_type.h"
#include "schedule/schedule_history_store.h"
#include "schedule/schedule_outcome.h"
#include "schedule/schedule_start.h"
#include "schedule/schedule_store.h"
#include "schedule/schedule_time.h"

/* So many schedules are seen to in a transaction. */
#define BATCH 100

/* Old runs are looked for this often, in milliseconds, so many at a time. */
#define TRIM_INTERVAL (5 * 60 * 1000)
#define TRIM_BATCH 1000

/*
 * The full milliseconds until a time, -1 for CJ_NO_TIME.
 */
static long
milliseconds_until(TimestampTz time, TimestampTz now)
{
	if (time == CJ_NO_TIME)
		return -1;
	return time <= now ? 0 : (long) Min((time - now) / 1000, INT_MAX);
}

/*
 * Look what there is to do, as of *now.  What is due within a millisecond is waited
 * for here, since a latch cannot wait for less.
 */
static void
look_around(TimestampTz *now, CjScheduleLook *look)
{
	cj_schedule_store_look(*now, look);
	if (look->next_run > *now && look->next_run - *now < 1000)
	{
		pg_usleep((long) (look->next_run - *now));
		*now = cj_clock_now();
	}
}

/*
 * Record that a schedule was due and no job was started.
 */
static void
record(const CjSchedule *schedule, TimestampTz due, int64 missed,
	   const char *outcome, const char *detail, TimestampTz now)
{
	CjScheduleRun run = {
		.schedule_id = schedule->id,
		.due = due,
		.missed = missed,
		.outcome = outcome,
		.detail = detail
	};

	cj_schedule_history_add(&run, now);
}

/*
 * A schedule is due, but an earlier job of it has not come to its end.  Returns
 * whether that keeps another one from being started.  "following" is the time that
 * comes after the one that it is due for, "next" the one that comes after now.
 */
static bool
is_held_up(const CjSchedule *schedule, TimestampTz due, TimestampTz following,
		   TimestampTz next, int64 missed, TimestampTz now)
{
	char	   *state;

	if (schedule->unfinished == 0 ||
		(schedule->overlap == CJ_OVERLAP_START &&
		 schedule->unfinished < schedule->max_running))
		return false;

	if (schedule->overlap == CJ_OVERLAP_WAIT)
	{
		state = psprintf(CJ_STATE_DELAYED " due to %d already running",
						 schedule->unfinished);
		if (schedule->due == CJ_NO_TIME)
			record(schedule, due, 0, "delayed", state, now);
		cj_schedule_store_put_off(schedule->id, now + CJ_SCHEDULE_RETRY_DELAY, due, following,
								  state, now);
		return true;
	}

	state = psprintf("rescheduled due to %d already running", schedule->unfinished);
	record(schedule, due, missed, "skipped", state, now);
	cj_schedule_store_plan(schedule->id, next, state, now);
	return true;
}

/*
 * See to a schedule that is due.  Raises what keeps its job from being submitted.
 */
static void
run_schedule(CjSchedule *schedule, TimestampTz now)
{
	TimestampTz due = schedule->due != CJ_NO_TIME ? schedule->due : schedule->next_run;
	TimestampTz following = cj_schedule_following(schedule);
	int64		missed;
	TimestampTz next = cj_schedule_next(schedule, following, now, &missed);

	if (!schedule->owner_exists)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role %u does not exist", schedule->owner)));
	/* cj_job_submit() would load libraries */
	if (cj_job_type_find(schedule->executor_type) == NULL)
		cj_job_error_no_type(schedule->executor_type);
	if (is_held_up(schedule, due, following, next, missed, now))
		return;

	if (next == CJ_NO_TIME)
		cj_schedule_store_put_off(schedule->id, CJ_NO_TIME, due, CJ_NO_TIME, "", now);
	else
		cj_schedule_store_plan(schedule->id, next, "", now);
	cj_schedule_store_read_work(schedule);
	(void) cj_schedule_start(schedule, due, missed, now);
}

/*
 * The next time of a schedule whose job could not be submitted; CJ_NO_TIME if it
 * cannot be told any more, say because its time zone is not there.
 */
static TimestampTz
next_after_failure(const CjSchedule *schedule, TimestampTz now, int64 *missed)
{
	MemoryContext context = CurrentMemoryContext;
	volatile TimestampTz next = CJ_NO_TIME;

	PG_TRY();
	{
		next = cj_schedule_next(schedule, cj_schedule_following(schedule), now, missed);
	}
	PG_CATCH();
	{
		/* only cj_cron_parse() raises anything there, and it holds nothing */
		MemoryContextSwitchTo(context);
		FlushErrorState();
		*missed = 0;
	}
	PG_END_TRY();

	return next;
}

/*
 * A schedule's job could not be submitted.  Without its owner, it never can.
 */
static void
start_failed(const CjSchedule *schedule, const char *error, TimestampTz now)
{
	TimestampTz due = schedule->due != CJ_NO_TIME ? schedule->due : schedule->next_run;
	int64		missed = 0;
	TimestampTz next = next_after_failure(schedule, now, &missed);
	CjSchedule	failed = *schedule;

	if (!schedule->owner_exists)
	{
		failed.failure = CJ_FAILURE_PAUSE;
		cj_schedule_store_disown(schedule->id);
	}
	record(schedule, due, missed, "error", cj_job_error_clip(error), now);
	cj_job_event_add_run(schedule->executor_type, CJ_JOB_FAILED);
	cj_schedule_failed(&failed, due, next, error, now);
	ereport(LOG,
			(errmsg("schedule %lld (\"%s\") could not start its job: %s",
					(long long) schedule->id, schedule->label, error)));
}

/* What is to be done for a schedule, and as of when. */
typedef struct ScheduleTask
{
	CjSchedule *schedule;
	TimestampTz now;
} ScheduleTask;

/*
 * For cj_try(): run_schedule().
 */
static void
run_task(void *arg)
{
	const ScheduleTask *task = arg;

	run_schedule(task->schedule, task->now);
}

/*
 * See to the schedules that are due.  Returns whether there may be more.
 */
static bool
run_due(TimestampTz now)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "cancel_job schedule",
												  ALLOCSET_DEFAULT_SIZES);
	CjSchedule *schedules;
	int			nschedules;

	cj_pausepoint("schedule.before_claim");
	nschedules = cj_schedule_store_due(now, BATCH, &schedules);
	for (int i = 0; i < nschedules; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		ScheduleTask task = {&schedules[i], now};
		ErrorData  *error = cj_try(run_task, &task);

		if (error != NULL)
			start_failed(&schedules[i], error->message, now);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextDelete(context);
	cj_pausepoint("schedule.before_commit");
	return nschedules == BATCH;
}

/*
 * For cj_try(): compute anew when a schedule is due.  Raises what
 * cj_cron_parse() raises.
 */
static void
replan_task(void *arg)
{
	const ScheduleTask *task = arg;
	const CjSchedule *schedule = task->schedule;
	TimestampTz time = schedule->due != CJ_NO_TIME ? schedule->following : schedule->next_run;
	TimestampTz next = cj_schedule_after_clock_change(schedule, time, task->now);

	/* A run that is to be repeated, or has waited, does so from now on. */
	if (schedule->due != CJ_NO_TIME)
		cj_schedule_store_put_off(schedule->id,
								  Min(schedule->next_run, task->now + CJ_SCHEDULE_RETRY_DELAY),
								  schedule->due, next, schedule->state, task->now);
	else
		cj_schedule_store_plan(schedule->id, next, schedule->state, task->now);
}

/*
 * The clock was set back: compute anew when schedules are due.  One for which that
 * cannot be told any more, say because its time zone is not there, is paused.
 */
static void
replan(TimestampTz now)
{
	CjSchedule *schedules;
	int			nschedules = cj_schedule_store_from_future(now, BATCH, &schedules);

	for (int i = 0; i < nschedules; i++)
	{
		ScheduleTask task = {&schedules[i], now};
		ErrorData  *error = cj_try(replan_task, &task);

		if (error != NULL)
			cj_schedule_store_plan(schedules[i].id, CJ_NO_TIME,
								   psprintf("schedule paused: %s", cj_job_error_clip(error->message)), now);
	}
}

/*
 * Delete old runs, now and then.
 */
static void
trim_history(TimestampTz now)
{
	static TimestampTz trimmed_at = 0;
	TimestampTz real_now = GetCurrentTimestamp();

	if (!TimestampDifferenceExceeds(trimmed_at, real_now, TRIM_INTERVAL))
		return;
	if (cj_schedule_history_trim(now, TRIM_BATCH) < TRIM_BATCH)
		trimmed_at = real_now;
}

/*
 * Do what there is to do for schedules.  Returns the milliseconds until there is
 * more, -1 if there is none; sets *awaits_end if jobs of schedules have not ended.
 *
 * For the coordinator, outside a transaction.
 */
long
cj_schedule_turn(bool *awaits_end)
{
	CjScheduleLook look;
	TimestampTz now = cj_clock_now();
	bool		due;
	long		timeout = -1;

	cj_store_begin();
	if (!cj_extension_hold())
	{
		cj_store_commit();		/* the coordinator finds that out, too */
		return 0;
	}
	cj_store_leave_flush();
	look_around(&now, &look);
	due = look.next_run <= now && cj_guc_scheduler_enabled;
	if (look.unfinished)
		timeout = cj_schedule_note_ends();
	if (look.from_future)
		replan(now);
	if (look.is_copy)
		timeout = cj_schedule_store_pause_copies() ? 0 : CJ_SCHEDULE_LOCKED_INTERVAL;
	else if (due)
	{
		if (run_due(now))
			timeout = 0;
		trim_history(now);
	}
	if (due || look.from_future || look.unfinished)
		cj_schedule_store_look(now, &look);
	cj_store_commit();
	*awaits_end |= look.unfinished;

	if (!cj_guc_scheduler_enabled)
		return timeout;
	/* What is due still, somebody has locked. */
	if (look.next_run <= now && timeout != 0)
		return CJ_SCHEDULE_LOCKED_INTERVAL;
	return cj_shorter(timeout, milliseconds_until(look.next_run, cj_clock_now()));
}

/*
 * The milliseconds until a schedule is due, -1 if none is; nothing is done.  For the
 * coordinator, in a transaction.
 */
long
cj_schedule_due(void)
{
	CjScheduleLook look;
	TimestampTz now = cj_clock_now();

	if (!cj_guc_scheduler_enabled)
		return -1;
	cj_schedule_store_look(now, &look);
	return look.is_copy ? -1 : milliseconds_until(look.next_run, now);
}
