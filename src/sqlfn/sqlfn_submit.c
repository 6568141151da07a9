/*-------------------------------------------------------------------------
 *
 * sqlfn_submit.c
 *	  SQL functions to submit a job, and to tell its progress from inside.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_submit.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "base/base_store.h"
#include "jobtype/jobtype.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(cj_fn_submit);
PG_FUNCTION_INFO_V1(cj_fn_report_progress);

/*
 * A text argument, NULL for null.
 */
static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * Which of two words an argument is; raises 22023 for another one.
 */
static bool
is_second_word(FunctionCallInfo fcinfo, int n, const char *name,
			   const char *first, const char *second)
{
	char	   *word = text_argument(fcinfo, n);

	if (word == NULL || strcmp(word, first) == 0)
		return false;
	if (strcmp(word, second) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized value for \"%s\": \"%s\"", name, word),
				 errhint("It is \"%s\" or \"%s\".", first, second)));
	return true;
}

/*
 * The plan that the arguments of jobs.submit() from start_at on make.
 */
static void
get_plan(FunctionCallInfo fcinfo, CjJobPlan *plan)
{
	memset(plan, 0, sizeof(CjJobPlan));
	if (!PG_ARGISNULL(3))
		plan->start_at = PG_GETARG_TIMESTAMPTZ(3);
	if (!PG_ARGISNULL(4))
		plan->timeout = PG_GETARG_INTERVAL_P(4);
	plan->max_attempts = PG_ARGISNULL(5) ? cj_guc_max_attempts : PG_GETARG_INT32(5);
	plan->priority = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6);
	plan->exclusive_key = text_argument(fcinfo, 7);
	plan->refuse = is_second_word(fcinfo, 8, "on_exclusive", "wait", "refuse");
	if (!PG_ARGISNULL(9))
		plan->ndepends_on = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(9), &plan->depends_on);
	plan->run_after_failure = is_second_word(fcinfo, 10, "on_dependency_failure",
											 "cancel", "run");
}

/*
 * jobs.submit(command, description, on_cancel, start_at, timeout, max_attempts,
 * priority, exclusive_key, on_exclusive, depends_on, on_dependency_failure)
 */
Datum
cj_fn_submit(PG_FUNCTION_ARGS)
{
	char	   *command = text_argument(fcinfo, 0);
	char	   *description = text_argument(fcinfo, 1);
	char	   *on_cancel = text_argument(fcinfo, 2);
	CjJobPlan	plan;

	cj_extension_check_preloaded();
	if (command == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the command of a job must not be null")));

	get_plan(fcinfo, &plan);
	PG_RETURN_INT64(cj_jobtype_submit_sql(command, description, on_cancel, &plan));
}

/*
 * jobs.report_progress(fraction, status)
 */
Datum
cj_fn_report_progress(PG_FUNCTION_ARGS)
{
	double		fraction = PG_ARGISNULL(0) ? -1 : PG_GETARG_FLOAT8(0);
	char	   *status = text_argument(fcinfo, 1);

	cj_extension_check_preloaded();
	if (isnan(fraction))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the progress of a job must be a number from 0 to 1")));
	if (!PG_ARGISNULL(0))
		fraction = Min(Max(fraction, 0), 1);
	if (status != NULL)
		status[pg_mbcliplen(status, strlen(status), CJ_STATUS_LENGTH - 1)] = '\0';

	if (!cj_worker_report_progress(fraction, status))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("progress can be reported only from inside a job")));
	PG_RETURN_VOID();
}
