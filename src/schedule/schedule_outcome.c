/*-------------------------------------------------------------------------
 *
 * schedule_outcome.c
 *	  What follows for a schedule from how its jobs end.
 *
 * Only the coordinator calls this.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_outcome.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base_clock.h"
#include "base/base_try.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "schedule/schedule_backup.h"
#include "schedule/schedule_history_store.h"
#include "schedule/schedule_outcome.h"
#include "schedule/schedule_store.h"
#include "schedule/schedule_time.h"

/* So many ends are noted in a transaction. */
#define BATCH 200

/* Ends of so many schedules that are locked hold up no others. */
#define MAX_LOCKED (50 * BATCH)

/* The looks for ends take at most this part of the time. */
#define LOOK_SHARE 20

/*
 * A run of a schedule, due at "due", has failed: plan what the schedule says for
 * that.  "next" is its next time, or CJ_NO_TIME.
 */
void
cj_schedule_failed(const CjSchedule *schedule, TimestampTz due, TimestampTz next,
				   const char *error, TimestampTz now)
{
	TimestampTz retry = now + CJ_SCHEDULE_RETRY_DELAY;
	const char *text = cj_job_error_clip(error);

	switch (schedule->failure)
	{
		case CJ_FAILURE_RETRY:
			cj_schedule_store_put_off(schedule->id, Min(retry, next), due, next,
									  psprintf("retrying: %s", text), now);
			break;
		case CJ_FAILURE_RESCHEDULE:
			cj_schedule_store_plan(schedule->id, next,
								   psprintf("reschedule: %s", text), now);
			break;
		case CJ_FAILURE_PAUSE:
			cj_schedule_store_plan(schedule->id, CJ_NO_TIME,
								   psprintf("schedule paused: %s", text), now);
			break;
	}
}

/*
 * A schedule's job has come to its end.
 *
 * One that is paused by now stays so; but one that runs once only is not paused
 * if it has run.
 */
static void
follow_end(const CjSchedule *schedule, const CjScheduleEnd *end, TimestampTz now)
{
	bool		waits = strncmp(schedule->state, CJ_STATE_DELAYED,
								strlen(CJ_STATE_DELAYED)) == 0;
	bool		put_off = schedule->next_run != CJ_NO_TIME && schedule->due != CJ_NO_TIME;

	if (schedule->next_run == CJ_NO_TIME && schedule->due == CJ_NO_TIME)
		return;

	if (strcmp(end->outcome, "succeeded") != 0)
	{
		char	   *error = psprintf("job %lld %s: %s", (long long) end->job_id,
									 end->outcome,
									 end->error != NULL ? end->error : "");

		/*
		 * What waits for this job, or is to be repeated, is about to run
		 * anyway.
		 */
		if (!put_off || schedule->failure == CJ_FAILURE_PAUSE)
		{
			cj_schedule_failed(schedule, end->due, schedule->next_run, error, now);
			return;
		}
	}
	if (waits)
		cj_schedule_store_put_off(schedule->id, now, schedule->due, schedule->following,
								  schedule->state, now);
}

/*
 * Note how a run has ended.  Returns false if somebody has locked the schedule, or
 * the one that begins for that.
 */
static bool
note_end(const CjScheduleEnd *end, TimestampTz now)
{
	bool		exists;
	CjSchedule *schedule = cj_schedule_store_lock_free(end->schedule_id, &exists);

	if (schedule == NULL && exists)
		return false;
	if (schedule != NULL && strcmp(end->outcome, "succeeded") == 0 &&
		!cj_schedule_backup_succeeded(schedule, now))
		return false;
	cj_schedule_history_end(end);
	if (end->job_type != NULL)
		cj_job_event_add_run(end->job_type, cj_job_state_parse(end->outcome));
	if (schedule != NULL)
		follow_end(schedule, end, now);
	return true;
}

/* An end that is to be noted. */
typedef struct EndTask
{
	const CjScheduleEnd *end;
	TimestampTz now;
	bool		locked;			/* somebody has locked what it is about */
} EndTask;

/*
 * For cj_try(): note_end().
 */
static void
note_task(void *arg)
{
	EndTask    *task = arg;

	task->locked = !note_end(task->end, task->now);
}

/*
 * As note_end(), but an error, say about a time zone that is not there any more,
 * is logged, and the end is noted without what should follow.
 */
static bool
note_end_safely(const CjScheduleEnd *end, TimestampTz now)
{
	EndTask		task = {.end = end,.now = now};
	ErrorData  *error = cj_try(note_task, &task);

	if (error != NULL)
	{
		ereport(LOG,
				(errmsg("what follows from job %lld for schedule %lld could not be planned: %s",
						(long long) end->job_id, (long long) end->schedule_id, error->message)));
		cj_schedule_history_end(end);
	}
	return error != NULL || !task.locked;
}

/*
 * Note how the jobs of schedules have ended that were not known to have.  Returns
 * the milliseconds until there may be more to note, -1 if all runs are known, or
 * their jobs have not ended: that wakes the coordinator.
 *
 * It has to look at all unfinished runs, so it does that less often the longer
 * it takes.
 */
long
cj_schedule_note_ends(void)
{
	static TimestampTz not_before = 0;
	static int64 locked[MAX_LOCKED];	/* since the look that saw all */
	static int	nlocked = 0;
	TimestampTz began = GetCurrentTimestamp();
	TimestampTz now = cj_clock_now();
	CjScheduleEnd *ends;
	int			nends;
	long		timeout;

	if (began < not_before && not_before - began < USECS_PER_MINUTE)
		return (long) ((not_before - began) / 1000) + 1;

	nends = cj_schedule_history_ended(BATCH, locked, nlocked, &ends);
	not_before = began + (GetCurrentTimestamp() - began) * LOOK_SHARE;
	for (int i = 0; i < nends; i++)
	{
		if (!note_end_safely(&ends[i], now))
			locked[nlocked++] = ends[i].schedule_id;
	}
	if (nends == BATCH && nlocked + BATCH <= MAX_LOCKED)
		return 0;
	timeout = nlocked > 0 ? CJ_SCHEDULE_LOCKED_INTERVAL : -1;
	nlocked = 0;
	return timeout;
}
