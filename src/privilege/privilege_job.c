/*-------------------------------------------------------------------------
 *
 * privilege_job.c
 *	  Who may see and control a job.
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

#include "privilege/privilege_job.h"

/*
 * May the current user see jobs of "job_owner"?  Their owner, members of that
 * role and superusers may.
 *
 * The view jobs.jobs says the same in SQL.
 */
bool
cj_privilege_may_see(Oid job_owner)
{
	return has_privs_of_role(GetUserId(), job_owner);
}

/*
 * Raise an error unless "roleid" may cancel, pause and resume the job.
 *
 * The rules and their order are CockroachDB 25's: owner, superuser, member of
 * the owning role.
 */
void
cj_privilege_check_control(Oid roleid, int64 job_id, Oid job_owner)
{
	if (has_privs_of_role(roleid, job_owner))
		return;

	if (superuser_arg(job_owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only admins can control jobs owned by other admins")));

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("user %s does not have privileges for job %lld",
					GetUserNameFromId(roleid, false), (long long) job_id)));
}
