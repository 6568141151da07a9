/*-------------------------------------------------------------------------
 *
 * schedule_start.c
 *	  Starting the job of a schedule.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_start.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/base_guc.h"
#include "job/job_control_many.h"
#include "job/job_event.h"
#include "job/job_submit.h"
#include "job/job_type.h"
#include "schedule/schedule_history_store.h"
#include "schedule/schedule_start.h"

/*
 * A job of a schedule.
 */
static CjJob
make_job(const CjSchedule *schedule)
{
	CjJob		job = {
		.type = schedule->executor_type,
		.statement = schedule->statement,
		.arguments = schedule->command,
		.created_by_type = CJ_CREATED_BY_SCHEDULE,
		.created_by_id = schedule->id
	};

	return job;
}

/* So much of what a schedule does is read by the coordinator. */
#define MAX_COMMAND_LENGTH (1024 * 1024)

/*
 * Raise 54000 if what a schedule does takes too much room.
 */
static void
check_length(const CjSchedule *schedule)
{
	if (strlen(schedule->statement) > MAX_COMMAND_LENGTH ||
		VARSIZE(schedule->command) > MAX_COMMAND_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the command of a schedule must not be longer than %d bytes",
						MAX_COMMAND_LENGTH)));
}

/*
 * Raise what would keep a job of a schedule from being submitted by its owner.  A
 * type that is not there yet is the business of the time when a job is to be started.
 */
void
cj_schedule_check_start(const CjSchedule *schedule)
{
	CjJob		job = make_job(schedule);
	Oid			userid;
	int			sec_context;

	cj_job_submit_check_operation();
	check_length(schedule);
	if (cj_job_type_find(schedule->executor_type) == NULL)
		return;
	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(schedule->owner,
						   sec_context | SECURITY_LOCAL_USERID_CHANGE);
	cj_job_submit_check(&job);
	SetUserIdAndSecContext(userid, sec_context);
}

/*
 * Submit a job of a schedule as the schedule's owner, and record the run.  Part
 * of the caller's transaction: what is due is written in the same.  Returns the
 * job's id.
 *
 * Raises what cj_job_submit() raises; the user is then put back by the abort of
 * the (sub)transaction.  Needs a snapshot.
 */
int64
cj_schedule_start(const CjSchedule *schedule, TimestampTz due, int64 missed,
				  TimestampTz now)
{
	CjJobPlan	plan = {.max_attempts = cj_guc_max_attempts};
	CjJob		job = make_job(schedule);
	CjScheduleRun run = {
		.schedule_id = schedule->id,
		.due = due,
		.missed = missed
	};
	Oid			userid;
	int			sec_context;

	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(schedule->owner,
						   sec_context | SECURITY_LOCAL_USERID_CHANGE);
	run.job_id = cj_job_submit(&job, &plan);
	SetUserIdAndSecContext(userid, sec_context);

	cj_schedule_history_add(&run, now);
	cj_job_event_add_run(schedule->executor_type, CJ_JOB_PENDING);
	return run.job_id;
}
