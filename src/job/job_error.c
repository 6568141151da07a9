/*-------------------------------------------------------------------------
 *
 * job_error.c
 *	  Errors about jobs that a user sees, each raised in one place.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_error.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "job/job_error.h"

/* An error text is kept up to this many bytes, as CockroachDB does. */
#define MAX_ERROR_LENGTH 1024

/*
 * There is no job with this id.
 */
void
cj_job_error_not_found(int64 id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("job with ID %lld does not exist", (long long) id)));
}

/*
 * The job's type does not allow a cancel.
 */
void
cj_job_error_not_cancelable(int64 id)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("job %lld: not cancelable", (long long) id)));
}

/*
 * No library provides a job type of this name.
 */
void
cj_job_error_no_type(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("job type \"%s\" does not exist", name),
			 errdetail("No library that is loaded provides it."),
			 errhint("Add its library to shared_preload_libraries or session_preload_libraries.")));
}

/*
 * Jobs of this type cannot be controlled all at once.
 */
void
cj_job_error_unsupported_type(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unsupported job type")));
}

/*
 * The job is in a state in which the verb means nothing.
 */
void
cj_job_error_wrong_state(CjControlVerb verb, int64 id, CjJobState state)
{
	static const char *const refused[] = {
		[CJ_CONTROL_CANCEL] = "cannot be requested to be canceled",
		[CJ_CONTROL_PAUSE] = "cannot be requested to be paused",
		[CJ_CONTROL_RESUME] = "cannot be resumed"
	};

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("job %lld: job with state %s %s",
					(long long) id, cj_job_state_name(state), refused[verb])));
}

/*
 * The job was paused in its clean-up: only RESUME leads on.
 */
void
cj_job_error_final_resume(int64 id, const char *error)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("job %lld: job %lld is paused and has non-nil FinalResumeError hence cannot be canceled and should be reverted: %s",
					(long long) id, (long long) id, error),
			 errhint("Use RESUME JOB to let it finish its clean-up.")));
}

/*
 * Leave the work of a job that a request has overtaken.  Only a worker sees
 * it: the request decides what becomes of the job.
 */
void
cj_job_error_stopped(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("job was stopped by a request")));
}

/*
 * SHOW JOB WHEN COMPLETE has waited for as long as it may.
 */
void
cj_job_error_wait_timed_out(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("timed out waiting for jobs")));
}

/*
 * A copy of an error text, cut to the length that is kept.
 *
 * What is not valid in this database's encoding becomes a question mark: a text
 * may name a role, whose name is in the encoding of the database that it was
 * made in, and who reads the table could not convert it.
 */
char *
cj_job_error_clip(const char *message)
{
	int			len = strlen(message);
	bool		cut = len > MAX_ERROR_LENGTH;
	char	   *copy = pnstrdup(message, cut ? MAX_ERROR_LENGTH + MAX_MULTIBYTE_CHAR_LEN : len);
	int			encoding = GetDatabaseEncoding();
	int			valid = 0;

	len = strlen(copy);
	while ((valid += pg_encoding_verifymbstr(encoding, copy + valid, len - valid)) < len)
		copy[valid++] = '?';

	if (!cut)
		return copy;
	copy[pg_mbcliplen(copy, len, MAX_ERROR_LENGTH)] = '\0';
	return psprintf("%s -- TRUNCATED", copy);
}
