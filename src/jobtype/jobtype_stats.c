/*-------------------------------------------------------------------------
 *
 * jobtype_stats.c
 *	  Jobs that collect table statistics on request.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base_commit.h"
#include "base/base_guc.h"
#include "job/job_submit.h"
#include "job/job_type.h"
#include "job/job_wait.h"
#include "jobtype/jobtype_stats.h"
#include "jobtype/jobtype_stats_analyze.h"

#define TYPE_NAME "CREATE STATS"

/*
 * CjJobType.start: may the user ask for this?
 */
static void
start_stats(const CjJob *job)
{
	CjStatsRequest request;

	cj_stats_request_unpack(job, &request);
	cj_stats_request_check(&request);
}

/*
 * CjJobType.resume: ANALYZE, in the transaction of the job's success.  There is
 * nothing to undo.
 */
static void
resume_stats(CjJob *job)
{
	CjStatsRequest request;

	cj_stats_request_unpack(job, &request);
	cj_stats_analyze(&request);
	job->result_tag = "ANALYZE";
}

static const CjJobType stats_type = {
	.name = TYPE_NAME,
	.flags = CJ_TYPE_CANCELABLE,
	.start = start_stats,
	.resume = resume_stats
};

/*
 * Submit a job of the current user that collects statistics and return its id.
 * "statement" is how the user has put it.
 *
 * Raises what cj_stats_request_check() and cj_job_submit() raise.
 */
int64
cj_stats_submit(const CjStatsRequest *request, const char *statement)
{
	CjJobPlan	plan = {.max_attempts = cj_guc_max_attempts};
	CjJob		job = {0};

	job.type = TYPE_NAME;
	job.statement = unconstify(char *, statement);
	job.arguments = cj_stats_request_pack(request);
	return cj_job_submit(&job, &plan);
}

/*
 * As CREATE STATISTICS: submit a job, commit, and wait for its success.
 * "nonatomic" says whether a commit is possible.
 *
 * Raises 25001 if it is not, what cj_stats_submit() raises, and what became of
 * the job otherwise, see cj_job_wait().
 */
void
cj_stats_submit_and_wait(const CjStatsRequest *request, const char *statement,
						 bool nonatomic)
{
	int64		id;

	if (!nonatomic)
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot wait for its job inside a transaction block or function",
						"CREATE STATISTICS"),
				 errdetail("The job starts when the transaction that submits it commits."),
				 errhint("Use jobs.create_statistics(), which does not wait.")));
	id = cj_stats_submit(request, statement);
	cj_commit_midway(true);
	(void) cj_job_wait(&id, 1, -1, CJ_WAIT_STRICT, cj_commit_release);
}

/*
 * Make the job type known.  Called once, at preload.
 */
void
cj_stats_init(void)
{
	cj_job_type_register(&stats_type);
}
