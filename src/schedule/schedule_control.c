/*-------------------------------------------------------------------------
 *
 * schedule_control.c
 *	  PAUSE, RESUME, DROP and EXECUTE of schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_control.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "tcop/utility.h"

#include "base/base_clock.h"
#include "base/base_ids.h"
#include "job/job_pending.h"
#include "privilege/privilege_schedule.h"
#include "schedule/schedule_backup.h"
#include "schedule/schedule_start.h"
#include "schedule/schedule_store.h"
#include "schedule/schedule_time.h"

static const char *const verbs[] = {
	[CJ_SCHEDULE_PAUSE] = "PAUSE",
	[CJ_SCHEDULE_RESUME] = "RESUME",
	[CJ_SCHEDULE_DROP] = "DROP",
	[CJ_SCHEDULE_EXECUTE] = "EXECUTE"
};

/*
 * RESUME of a schedule: it is due at its next time, belongs to this database, and
 * is its owner's own.  So is then its companion, which goes on to wait if it waits for
 * this one.  Raises 55000 if it has no next time.
 */
static void
resume_schedule(const CjSchedule *schedule, TimestampTz now)
{
	TimestampTz next;

	if (schedule->next_run != CJ_NO_TIME && !schedule->is_copy)
		return;

	next = cj_schedule_first(schedule, now);
	if (next == CJ_NO_TIME)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot set next run for schedule %lld (empty schedule)",
						(long long) schedule->id)));
	if (schedule->is_copy || schedule->held)
		cj_schedule_store_adopt(schedule->id, schedule->companion);
	cj_schedule_store_plan(schedule->id, next, "", now);
}

/*
 * EXECUTE of a schedule: one more run, at once.  When it is due by itself stays as
 * it is.
 */
static void
execute_schedule(const CjSchedule *schedule, TimestampTz now)
{
	if (strcmp(schedule->executor_type, CJ_EXECUTOR_BACKUP) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("EXECUTE SCHEDULE is not supported for this schedule type"),
				 errhint("Use ALTER BACKUP SCHEDULE %lld EXECUTE IMMEDIATELY.",
						 (long long) schedule->id)));
	(void) cj_schedule_start(schedule, now, 0, now);
}

/*
 * Do what the verb says to a schedule that is locked.  Returns how many schedules
 * that were.
 */
static int64
control_schedule(CjScheduleVerb verb, const CjSchedule *schedule, TimestampTz now)
{
	switch (verb)
	{
		case CJ_SCHEDULE_PAUSE:
			/* One of incremental backups may be paused only until a full one. */
			if (schedule->next_run != CJ_NO_TIME || schedule->due != CJ_NO_TIME ||
				schedule->incremental)
				cj_schedule_store_plan(schedule->id, CJ_NO_TIME, "", now);
			return 1;
		case CJ_SCHEDULE_RESUME:
			resume_schedule(schedule, now);
			return 1;
		case CJ_SCHEDULE_EXECUTE:
			execute_schedule(schedule, now);
			return 1;
		case CJ_SCHEDULE_DROP:
			break;
	}
	return cj_schedule_drop(schedule);
}

/*
 * Find a locked schedule by its id, NULL if it is not among them.
 */
static const CjSchedule *
find_schedule(int64 id, const CjSchedule *schedules, int nschedules)
{
	StaticAssertStmt(offsetof(CjSchedule, id) == 0,
					 "cj_ids_compare() compares schedules by their first field");

	return bsearch(&id, schedules, nschedules, sizeof(CjSchedule),
				   cj_ids_compare);
}

/*
 * Pause, resume, drop or execute the schedules with these ids, in their order.
 *
 * Returns how many were handled: an id that is none does not count and is no
 * error, one that is repeated counts each time, but to a DROP.  All or nothing:
 * raises 42501 for a schedule that the current user may not control, 55000 for a
 * RESUME of one that never runs again, and what cj_job_submit() raises.  Part of the
 * caller's transaction.  Needs a snapshot.
 */
int64
cj_schedule_control(CjScheduleVerb verb, const int64 *ids, int nids)
{
	CjPrivileges privileges;
	TimestampTz now = cj_clock_now();
	CjSchedule *schedules;
	int			nschedules;
	int64		nhandled = 0;

	PreventCommandIfReadOnly(psprintf("%s SCHEDULE", verbs[verb]));
	cj_privilege_begin(&privileges, GetUserId());
	nschedules = cj_schedule_store_lock(ids, nids, &privileges, &schedules);
	for (int i = 0; i < nids; i++)
	{
		const CjSchedule *schedule = find_schedule(ids[i], schedules, nschedules);
		Oid			owner;
		bool		held;

		if (schedule != NULL)
			nhandled += control_schedule(verb, schedule, now);
		else if (cj_schedule_store_owner(ids[i], &owner, &held))
			cj_privilege_check_schedule(&privileges, ids[i], owner, held, verbs[verb]);
	}
	cj_job_pending_add_submission();
	return nhandled;
}
