/*-------------------------------------------------------------------------
 *
 * schedule_create.c
 *	  Creating schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_create.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "tcop/utility.h"

#include "base/base_clock.h"
#include "job/job_pending.h"
#include "schedule/schedule_create.h"
#include "schedule/schedule_option.h"
#include "schedule/schedule_start.h"
#include "schedule/schedule_store.h"
#include "schedule/schedule_time.h"

/* A label is one line for people; everybody's list has to read it. */
#define MAX_LABEL_LENGTH 1024

/* Marks our locks among the advisory ones, beside those of exclusive keys. */
#define LABEL_LOCK 9

/*
 * Is there a schedule with this label?  CREATE SCHEDULE IF NOT EXISTS asks, and
 * two of them wait for each other: the second sees what became of the first.
 */
bool
cj_schedule_exists(const char *label)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0,
						 DatumGetUInt32(hash_any((const unsigned char *) label,
												 strlen(label))), LABEL_LOCK);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	return cj_schedule_store_has_label(label);
}

/*
 * Raise 22023 for a label that is too long.
 */
void
cj_schedule_check_label(const char *label)
{
	if (strlen(label) > MAX_LABEL_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the label of a schedule must not be longer than %d bytes",
						MAX_LABEL_LENGTH)));
}

/*
 * Raise 22023 for a number of unfinished jobs that there cannot be.
 */
void
cj_schedule_check_max_running(int max_running)
{
	if (max_running < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of unfinished jobs of a schedule must be greater than zero")));
}

/*
 * Raise an error for what makes no sense.
 */
static void
check_creation(const CjScheduleCreation *creation)
{
	if (creation->recurrence == NULL || creation->statement == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the command and the recurrence of a schedule must not be null")));
	if (creation->label != NULL)
		cj_schedule_check_label(creation->label);
	if (TIMESTAMP_IS_NOBEGIN(creation->first_run))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the first run of a schedule must be finite")));
	cj_schedule_check_max_running(creation->max_running);
}

/*
 * Create a schedule of the current user, and return it.
 *
 * Part of the caller's transaction.  Raises what cj_cron_parse() and the options
 * raise, and what is wrong with the command.  Needs a snapshot.
 */
CjSchedule *
cj_schedule_create(const CjScheduleCreation *creation)
{
	CjSchedule *schedule = palloc0(sizeof(CjSchedule));
	TimestampTz now = cj_clock_now();

	PreventCommandIfReadOnly("CREATE SCHEDULE");
	check_creation(creation);

	schedule->owner = GetUserId();
	schedule->executor_type = pstrdup(creation->executor_type);
	schedule->statement = pstrdup(creation->statement);
	schedule->command = creation->command;
	schedule->recurrence = pstrdup(creation->recurrence);
	schedule->timezone = creation->timezone != NULL ? pstrdup(creation->timezone) : NULL;
	schedule->once = cj_schedule_is_once(creation->recurrence, creation->timezone);
	schedule->label = creation->label != NULL ? pstrdup(creation->label) :
		psprintf("%s %lld", creation->executor_type, (long long) time(NULL));
	schedule->failure = cj_schedule_failure_parse(creation->on_execution_failure != NULL ?
												  creation->on_execution_failure : "reschedule");
	schedule->overlap = cj_schedule_overlap_parse(creation->on_previous_running != NULL ?
												  creation->on_previous_running : "wait");
	schedule->max_running = creation->max_running;
	schedule->state = pstrdup("");
	schedule->due = CJ_NO_TIME;
	schedule->next_run = creation->first_run != CJ_NO_TIME ? creation->first_run :
		cj_schedule_first(schedule, now);
	cj_schedule_check_start(schedule);

	schedule->id = cj_schedule_store_insert(schedule, now);
	cj_job_pending_add_submission();
	return schedule;
}
