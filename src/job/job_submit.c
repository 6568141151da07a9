/*-------------------------------------------------------------------------
 *
 * job_submit.c
 *	  Submitting a job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_submit.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/syscache.h"

#include "compat.h"
#include "job/job_pending.h"
#include "job/job_store.h"
#include "job/job_submit.h"
#include "job/job_type.h"

/*
 * Raise an error if no worker could connect as this role: before 17 only a
 * role that may log in can own a background worker's connection.
 */
static void
check_owner(Oid owner)
{
	HeapTuple	tuple;
	bool		can_login;

	if (CJ_HAVE_BYPASS_ROLELOGINCHECK)
		return;

	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(owner));
	can_login = HeapTupleIsValid(tuple) &&
		((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (!can_login)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("role \"%s\" is not permitted to log in",
						GetUserNameFromId(owner, true)),
				 errdetail("A job runs in a worker that connects as the job's owner."),
				 errhint("Submit the job as a role with the LOGIN attribute.")));
}

/*
 * Submit a job of the current user and return its id.  The caller fills in
 * type, statement and arguments, and the description if there is a special
 * one.
 *
 * Part of the caller's transaction: a worker can have the job after COMMIT.
 * Raises what the type's start() raises about the arguments, 28000 if the
 * current user may not log in.  Needs a snapshot.
 */
int64
cj_job_submit(CjJob *job)
{
	const CjJobType *type = cj_job_type_find(job->type);

	if (type == NULL)
		elog(ERROR, "unrecognized job type: \"%s\"", job->type);

	PreventCommandIfReadOnly("jobs.submit()");

	/* What a victim's session is made to run must not outlive the session. */
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot submit a job within security-restricted operation")));

	job->owner = GetUserId();
	check_owner(job->owner);
	type->start(job);
	if (job->description == NULL)
		job->description = type->describe(job);

	job->id = cj_job_store_insert(job, (type->flags & CJ_TYPE_CANCELABLE) != 0,
								  (type->flags & CJ_TYPE_AUTOMATIC) != 0);
	cj_job_pending_add_submission();
	return job->id;
}
