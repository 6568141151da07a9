/*-------------------------------------------------------------------------
 *
 * jobtype_api.c
 *	  What the job types of other extensions call; see job/job_api.h.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_api.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/base_guc.h"
#include "job/job_message.h"
#include "job/job_self.h"
#include "job/job_submit.h"
#include "job/job_type.h"
#include "jobtype/jobtype_api.h"
#include "worker/worker.h"
#include "worker/worker_checkpoint.h"

/*
 * CjJobApi.submit
 */
static int64
submit(const CjJobSubmission *submission)
{
	CjJob		job = {0};
	CjJobPlan	plan = submission->plan;

	Assert(submission->type != NULL);
	job.type = pstrdup(submission->type);
	job.description = unconstify(char *, submission->description);
	job.statement = unconstify(char *, submission->statement != NULL ?
							   submission->statement : "");
	job.arguments = submission->arguments;
	if (job.arguments == NULL)
		job.arguments = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														   CStringGetDatum("{}")));
	if (plan.max_attempts == 0)
		plan.max_attempts = cj_guc_max_attempts;
	return cj_job_submit(&job, &plan);
}

/*
 * CjJobApi.get_id
 */
static int64
get_id(const CjJob *job)
{
	return job->id;
}

/*
 * CjJobApi.get_owner
 */
static Oid
get_owner(const CjJob *job)
{
	return job->owner;
}

/*
 * CjJobApi.get_statement
 */
static const char *
get_statement(const CjJob *job)
{
	return job->statement;
}

/*
 * CjJobApi.get_description
 */
static const char *
get_description(const CjJob *job)
{
	return job->description;
}

/*
 * CjJobApi.get_arguments
 */
static Jsonb *
get_arguments(const CjJob *job)
{
	return job->arguments;
}

/*
 * CjJobApi.get_checkpoint
 */
static Jsonb *
get_checkpoint(const CjJob *job)
{
	return job->checkpoint;
}

/*
 * CjJobApi.is_canceled
 */
static bool
is_canceled(const CjJob *job)
{
	return job->outcome == CJ_OUTCOME_CANCELED;
}

/*
 * CjJobApi.report_progress
 */
static void
report_progress(CjJob *job, double fraction, const char *status)
{
	char		line[CJ_STATUS_LENGTH];

	cj_job_self_check(job);
	if (isnan(fraction))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the progress of a job must be a number from 0 to 1")));

	if (status != NULL)
	{
		int			length = pg_mbcliplen(status, strlen(status),
										  CJ_STATUS_LENGTH - 1);

		memcpy(line, status, length);
		line[length] = '\0';
	}
	(void) cj_worker_report_progress(Min(fraction, 1), status != NULL ? line : NULL);
}

/*
 * CjJobApi.add_message
 */
static void
add_message(CjJob *job, int elevel, const char *message)
{
	cj_job_self_check(job);
	cj_job_message_add(elevel == WARNING ? WARNING : NOTICE,
					   elevel == WARNING ? ERRCODE_WARNING : ERRCODE_SUCCESSFUL_COMPLETION,
					   message);
}

/*
 * CjJobApi.set_result
 */
static void
set_result(CjJob *job, const char *tag, int64 rows)
{
	cj_job_self_check(job);
	Assert(tag != NULL);
	job->result_tag = MemoryContextStrdup(MessageContext, tag);
	job->result_rows = Max(rows, -1);
}

static const CjJobApi api = {
	.version = CJ_JOB_API_VERSION,
	.size = sizeof(CjJobApi),
	.register_type = cj_job_type_register_external,
	.submit = submit,
	.get_id = get_id,
	.get_owner = get_owner,
	.get_statement = get_statement,
	.get_description = get_description,
	.get_arguments = get_arguments,
	.get_checkpoint = get_checkpoint,
	.is_canceled = is_canceled,
	.report_progress = report_progress,
	.add_message = add_message,
	.set_result = set_result,
	.save_checkpoint = cj_worker_save_checkpoint,
	.commit = cj_worker_commit
};

/*
 * Let other libraries find us, and take up the types of those that came first.
 * Called once, at preload, when our own types have their names.
 */
void
cj_jobtype_api_init(void)
{
	void	  **waiting = find_rendezvous_variable(CJ_JOB_API_WAITING_VARIABLE);
	CjJobTypeRegistration *registration = (CjJobTypeRegistration *) *waiting;

	*waiting = NULL;
	for (; registration != NULL; registration = registration->next)
		cj_job_type_register_external(registration);
	*find_rendezvous_variable(CJ_JOB_API_VARIABLE) = unconstify(CjJobApi *, &api);
}
