/*-------------------------------------------------------------------------
 *
 * privilege_schedule.c
 *	  Who may see and control a schedule.
 *
 * To control: its owner, members of that role, superusers, and who has
 * REPAIRCLUSTER.  These see it, and whoever sees everybody's jobs.  What controls
 * jobs, CONTROLJOB, does not reach as far: a schedule runs again and again.
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
 * May the role see everybody's schedules?
 */
bool
cj_privilege_may_see_all_schedules(CjPrivileges *privileges)
{
	cj_privilege_read(privileges);
	return privileges->see_all || privileges->repair_all;
}

/*
 * May the role control the schedules of others that are not held?
 */
bool
cj_privilege_has_repaircluster(CjPrivileges *privileges)
{
	cj_privilege_read(privileges);
	return privileges->repair_all;
}

/*
 * May the role pause, resume, drop and execute a schedule of "owner"?
 *
 * One that is held has the text of somebody without the rights of its owner, as a
 * job: who has not these rights either must not let it run with them.
 */
static bool
may_control(CjPrivileges *privileges, Oid owner, bool held)
{
	return has_privs_of_role(privileges->roleid, owner) ||
		(!held && cj_privilege_has_repaircluster(privileges));
}

/*
 * Raise 42501 unless the role may do this ("PAUSE") to a schedule.
 */
void
cj_privilege_check_schedule(CjPrivileges *privileges, int64 schedule_id,
							Oid owner, bool held, const char *verb)
{
	if (may_control(privileges, owner, held))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must have REPAIRCLUSTER privilege or be owner of the schedule %lld to %s it",
					(long long) schedule_id, verb),
			 cj_privilege_has_repaircluster(privileges) ?
			 errdetail("The schedule was given to its owner by another role, and the owner has not resumed it.") : 0));
}

/*
 * Raise 42501 unless the role may alter a schedule.  What a superuser's does, and
 * where to, only superusers say.
 */
void
cj_privilege_check_alter_schedule(CjPrivileges *privileges, Oid owner, bool held)
{
	if (has_privs_of_role(privileges->roleid, owner) ||
		(!superuser_arg(owner) && may_control(privileges, owner, held)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be admin or the owner of the schedules being altered, or have REPAIRCLUSTER privilege"),
			 cj_privilege_has_repaircluster(privileges) ?
			 errdetail("The owner is a superuser, or was given the schedule by another role and has not resumed it.") : 0));
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
