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

#include "base/base_extension.h"
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
 * jobs.submit(command, description, on_cancel)
 */
Datum
cj_fn_submit(PG_FUNCTION_ARGS)
{
	char	   *command = text_argument(fcinfo, 0);
	char	   *description = text_argument(fcinfo, 1);
	char	   *on_cancel = text_argument(fcinfo, 2);

	cj_extension_check_preloaded();
	if (command == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the command of a job must not be null")));

	PG_RETURN_INT64(cj_jobtype_submit_sql(command, description, on_cancel));
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
