/*-------------------------------------------------------------------------
 *
 * privilege_job.c
 *	  Who may see, control and hand over a job.
 *
 * The rules and their order are CockroachDB 25's.  To see: the owner, superusers,
 * who has VIEWJOB or CONTROLJOB, members of the owning role.  To control: the
 * owner, superusers, members of the owning role; then nobody else if the owner is
 * a superuser; then who has CONTROLJOB.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/privilege/privilege_job.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"

#include "compat.h"
#include "privilege/privilege_job.h"
#include "privilege/privilege_store.h"

/*
 * Begin to ask what a role may do.  What it may do with the jobs and schedules of
 * others is read once, when the first answer depends on it.
 */
void
cj_privilege_begin(CjPrivileges *privileges, Oid roleid)
{
	memset(privileges, 0, sizeof(CjPrivileges));
	privileges->roleid = roleid;
}

/*
 * Read what the role may do with the jobs and schedules of others.  Needs a
 * transaction.
 */
void
cj_privilege_read(CjPrivileges *privileges)
{
	if (privileges->known)
		return;
	if (superuser_arg(privileges->roleid))
		privileges->see_all = privileges->control_all = privileges->repair_all = true;
	else
		cj_privilege_store_read(privileges);
	privileges->known = true;
}

/*
 * May the role see everybody's jobs?
 */
bool
cj_privilege_may_see_all(CjPrivileges *privileges)
{
	cj_privilege_read(privileges);
	return privileges->see_all;
}

/*
 * May the role see the jobs of "job_owner"?
 *
 * The views say the same in SQL, with jobs.may_see_all().
 */
bool
cj_privilege_may_see(CjPrivileges *privileges, Oid job_owner)
{
	return has_privs_of_role(privileges->roleid, job_owner) ||
		cj_privilege_may_see_all(privileges);
}

/*
 * Has the role the privilege CONTROLJOB, or is it a superuser?
 */
bool
cj_privilege_has_controljob(CjPrivileges *privileges)
{
	cj_privilege_read(privileges);
	return privileges->control_all;
}

/*
 * May the role cancel, pause and resume a job of "job_owner"?
 *
 * A job that is held has the text of somebody without the rights of its owner:
 * who has not these rights either must not let it run with them.
 */
bool
cj_privilege_may_control(CjPrivileges *privileges, Oid job_owner, bool held)
{
	return has_privs_of_role(privileges->roleid, job_owner) ||
		(!held && !superuser_arg(job_owner) &&
		 cj_privilege_has_controljob(privileges));
}

/*
 * Raise 42501 unless "roleid" may cancel, pause and resume the job.
 */
void
cj_privilege_check_control(Oid roleid, int64 job_id, Oid job_owner, bool held)
{
	CjPrivileges privileges;

	cj_privilege_begin(&privileges, roleid);
	if (cj_privilege_may_control(&privileges, job_owner, held))
		return;

	if (superuser_arg(job_owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only admins can control jobs owned by other admins")));

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("user %s does not have privileges for job %lld",
					GetUserNameFromId(roleid, false), (long long) job_id),
			 held && cj_privilege_has_controljob(&privileges) ?
			 errdetail("The job was given to its owner by another role, and the owner has not let it go on.") : 0));
}

/*
 * Raise 42501 unless "roleid" may make a job of "from" one of "to".  As ALTER ..
 * OWNER TO of PostgreSQL: it must have the rights of the one and be able to
 * become the other.
 */
void
cj_privilege_check_transfer(Oid roleid, Oid from, Oid to)
{
	if (!has_privs_of_role(roleid, from))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s does not own job", GetUserNameFromId(roleid, false))));
	if (from != to && !cj_can_set_role(roleid, to))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s cannot transfer ownership to %s",
						GetUserNameFromId(roleid, false),
						GetUserNameFromId(to, false))));
}
