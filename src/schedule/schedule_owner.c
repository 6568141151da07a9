/*-------------------------------------------------------------------------
 *
 * schedule_owner.c
 *	  What REASSIGN OWNED and DROP OWNED do to schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_owner.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/base_clock.h"
#include "job/job_error.h"
#include "job/job_owner.h"
#include "job/job_pending.h"
#include "schedule/schedule.h"
#include "schedule/schedule_store.h"

/*
 * Make the schedules of a role another's.  With "hold", as with jobs, nothing
 * that the one has written runs as the other unasked.
 */
static void
reassign_schedules(Oid from, Oid to, bool hold)
{
	char	   *state = psprintf("schedule paused: reassigned from role \"%s\" to \"%s\"",
								 GetUserNameFromId(from, false),
								 GetUserNameFromId(to, false));
	int64		nheld = cj_schedule_store_reassign(from, to, hold,
												   cj_job_error_clip(state),
												   cj_clock_now());

	cj_job_pending_add_submission();
	if (nheld > 0)
		ereport(NOTICE,
				(errmsg_plural("%lld schedule of role \"%s\" is paused",
							   "%lld schedules of role \"%s\" are paused",
							   nheld, (long long) nheld, GetUserNameFromId(from, false)),
				 errhint("RESUME SCHEDULE lets it run as its new owner.")));
}

/*
 * Drop the schedules of a role.
 */
static void
drop_schedules(Oid owner)
{
	(void) cj_schedule_store_drop_owned(owner);
	cj_job_pending_add_submission();
}

/*
 * Have schedules follow what becomes of their owners.  Called once, at preload.
 */
void
cj_schedule_init(void)
{
	static const CjOwnerFollower follower = {reassign_schedules, drop_schedules};

	cj_job_owner_set_follower(&follower);
}
