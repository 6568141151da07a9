/*-------------------------------------------------------------------------
 *
 * privilege_schedule.c
 *	  Who may control a schedule.
 *
 * Its owner, members of that role and superusers.  What controls jobs,
 * CONTROLJOB, does not reach as far: a schedule runs again and again.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/privilege/privilege_schedule.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"

#include "privilege/privilege_schedule.h"

/*
 * Raise 42501 unless a role may do this ("PAUSE") to a schedule.
 */
void
cj_privilege_check_schedule(Oid roleid, int64 schedule_id, Oid owner,
							const char *verb)
{
	if (!has_privs_of_role(roleid, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be admin or owner of the schedule %lld to %s it",
						(long long) schedule_id, verb)));
}

/*
 * Raise 42501 unless a role may alter a schedule.
 */
void
cj_privilege_check_alter_schedule(Oid roleid, Oid owner)
{
	if (!has_privs_of_role(roleid, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be admin or the owner of the schedules being altered")));
}

/*
 * Raise 42501 unless a role may have the backups of a schedule counted in the
 * metric of the whole server.
 */
void
cj_privilege_check_backup_metric(Oid roleid)
{
	if (!superuser_arg(roleid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only users with the admin role are allowed to change updates_cluster_last_backup_time_metric")));
}
