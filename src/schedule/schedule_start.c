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
#include "job/job_submit.h"
#include "schedule/schedule_history_store.h"
#include "schedule/schedule_start.h"

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
	CjJob		job = {
		.type = schedule->executor_type,
		.statement = schedule->statement,
		.arguments = schedule->command,
		.created_by_type = CJ_CREATED_BY_SCHEDULE,
		.created_by_id = schedule->id
	};
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
	return run.job_id;
}
