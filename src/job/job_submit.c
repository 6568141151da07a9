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
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "tcop/utility.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_pending.h"
#include "job/job_store.h"
#include "job/job_submit.h"
#include "job/job_type.h"

/* So long that it fits into an index, in bytes. */
#define MAX_EXCLUSIVE_KEY 256

/* Marks our locks among the advisory ones. */
#define EXCLUSIVE_KEY_LOCK 8

/* A description is one line for people; everybody's list has to read it. */
#define MAX_DESCRIPTION_LENGTH 8192

/*
 * Raise 42704 if this role does not exist any more, 28000 if no worker could
 * connect as it: before 17 only a role that may log in can own a background
 * worker's connection.
 */
void
cj_job_submit_check_owner(Oid owner)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(owner));
	bool		can_login;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role %u does not exist", owner)));
	can_login = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
	ReleaseSysCache(tuple);
	if (!can_login && !CJ_HAVE_BYPASS_ROLELOGINCHECK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("role \"%s\" is not permitted to log in",
						GetUserNameFromId(owner, false)),
				 errdetail("A job runs in a worker that connects as the job's owner."),
				 errhint("The owner of a job needs the LOGIN attribute.")));
}

/*
 * The length of an interval in milliseconds, with months of 30 days.
 */
static double
interval_milliseconds(const Interval *interval)
{
	return interval->time / 1000.0 +
		(interval->month * (double) DAYS_PER_MONTH + interval->day) * (SECS_PER_DAY * 1000.0);
}

/*
 * Raise an error unless this is a plan that can be followed: 22023 for what
 * makes no sense, 42704 if a job that it depends on does not exist or is not
 * the user's to see.
 */
static void
check_plan(const CjJobPlan *plan)
{
	int64		missing;

	if (plan->max_attempts < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of attempts of a job must be greater than zero")));
	if (plan->timeout != NULL && interval_milliseconds(plan->timeout) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the timeout of a job must be greater than zero")));
	if (TIMESTAMP_NOT_FINITE(plan->start_at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the start time of a job must be finite")));
	if (plan->exclusive_key != NULL && plan->exclusive_key[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the exclusive key of a job must not be empty")));
	if (plan->exclusive_key != NULL && strlen(plan->exclusive_key) > MAX_EXCLUSIVE_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the exclusive key of a job is too long"),
				 errdetail("It can have up to %d bytes.", MAX_EXCLUSIVE_KEY)));
	if (plan->ndepends_on == 0)
		return;

	if (cj_job_store_find_missing(plan->depends_on, plan->ndepends_on,
								  GetUserId(), &missing))
		cj_job_error_not_found(missing);
}

/*
 * Take the exclusive key for a submission, until the end of the transaction.
 * Submissions that may be refused wait for the others with the key, and the
 * others for them: as with a unique index, who comes second sees what became of
 * the first.
 */
static void
lock_exclusive_key(Oid owner, const char *key, bool refuse)
{
	LOCKTAG		tag;

	/* pg_advisory_lock() has 1 and 2 for the last field. */
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, owner,
						 DatumGetUInt32(hash_any((const unsigned char *) key,
												 strlen(key))), EXCLUSIVE_KEY_LOCK);
	(void) LockAcquire(&tag, refuse ? ExclusiveLock : RowExclusiveLock, false, false);
}

/*
 * Raise 42710 if an unfinished job of the owner has the exclusive key and the
 * job is to be refused then.
 */
static void
check_exclusive_key(Oid owner, const CjJobPlan *plan)
{
	int64		other;

	if (plan->exclusive_key == NULL)
		return;
	lock_exclusive_key(owner, plan->exclusive_key, plan->refuse);
	if (!plan->refuse)
		return;

	/* What was committed meanwhile counts, whatever the isolation level. */
	PushActiveSnapshot(GetLatestSnapshot());
	other = cj_job_store_find_exclusive(owner, plan->exclusive_key);
	PopActiveSnapshot();
	if (other != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("there is an unfinished job with the exclusive key \"%s\"",
						plan->exclusive_key),
				 errdetail("It is job %lld.", (long long) other)));
}

/*
 * Raise 42501 in a security-restricted operation: what a victim's session is made to
 * run must not outlive the session.
 */
void
cj_job_submit_check_operation(void)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot submit a job within security-restricted operation")));
}

/*
 * Raise what cj_job_submit() would raise about the type, the owner and the
 * arguments of a job of the current user, that is to be submitted later.
 */
void
cj_job_submit_check(CjJob *job)
{
	const CjJobType *type = cj_job_type_require(job->type);

	cj_job_submit_check_operation();
	job->owner = GetUserId();
	cj_job_submit_check_owner(job->owner);
	if (type->start != NULL)
		type->start(job);
}

/*
 * Submit a job of the current user and return its id.  The caller fills in
 * type, statement and arguments, and the description if there is a special
 * one.
 *
 * Part of the caller's transaction: a worker can have the job after COMMIT.
 * Raises what the type's start() raises about the arguments, 28000 if the
 * current user may not log in, 42704 if there is no such user or type any more,
 * 22023 for too long a description, what check_plan() and check_exclusive_key()
 * raise.  Needs a snapshot.
 */
int64
cj_job_submit(CjJob *job, const CjJobPlan *plan)
{
	const CjJobType *type = cj_job_type_require(job->type);
	CjJobEvent	event = {.job_type = job->type,.state = CJ_JOB_PENDING};

	PreventCommandIfReadOnly("jobs.submit()");

	if (job->description != NULL &&
		strlen(job->description) > MAX_DESCRIPTION_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the description of a job must not be longer than %d bytes",
						MAX_DESCRIPTION_LENGTH)));

	cj_job_submit_check(job);
	if (job->description == NULL)
		job->description = type->describe != NULL ? type->describe(job) : job->statement;
	check_plan(plan);
	check_exclusive_key(job->owner, plan);

	job->id = cj_job_store_insert(job, plan, (type->flags & CJ_TYPE_CANCELABLE) != 0,
								  (type->flags & CJ_TYPE_AUTOMATIC) != 0);
	cj_job_pending_add_submission();
	event.job_id = job->id;
	cj_job_event_add(&event);
	return job->id;
}
