/*-------------------------------------------------------------------------
 *
 * sqlfn_control.c
 *	  SQL functions to cancel, pause and resume jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_control.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/base_extension.h"
#include "base/base_store.h"
#include "job/job_control.h"

PG_FUNCTION_INFO_V1(cj_fn_cancel);
PG_FUNCTION_INFO_V1(cj_fn_cancel_jobs);
PG_FUNCTION_INFO_V1(cj_fn_pause);
PG_FUNCTION_INFO_V1(cj_fn_pause_jobs);
PG_FUNCTION_INFO_V1(cj_fn_resume);
PG_FUNCTION_INFO_V1(cj_fn_resume_jobs);

/*
 * The reason in the second argument, if there is one.
 */
static char *
get_reason(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() < 2 || PG_ARGISNULL(1))
		return NULL;
	return text_to_cstring(PG_GETARG_TEXT_PP(1));
}

/*
 * Control the job whose id is the first argument; null is no job.
 */
static Datum
control_one(FunctionCallInfo fcinfo, CjControlVerb verb)
{
	int64		id;

	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	id = PG_GETARG_INT64(0);
	PG_RETURN_INT64(cj_job_control(verb, &id, 1, get_reason(fcinfo)));
}

/*
 * Control the jobs whose ids are in the array in the first argument; null is
 * no job there, too.
 */
static Datum
control_array(FunctionCallInfo fcinfo, CjControlVerb verb)
{
	int64	   *ids;
	int			nids;

	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	nids = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(0), &ids);
	PG_RETURN_INT64(cj_job_control(verb, ids, nids, get_reason(fcinfo)));
}

/*
 * jobs.cancel(job_id, reason)
 */
Datum
cj_fn_cancel(PG_FUNCTION_ARGS)
{
	return control_one(fcinfo, CJ_CONTROL_CANCEL);
}

/*
 * jobs.cancel_jobs(job_ids, reason)
 */
Datum
cj_fn_cancel_jobs(PG_FUNCTION_ARGS)
{
	return control_array(fcinfo, CJ_CONTROL_CANCEL);
}

/*
 * jobs.pause(job_id, reason)
 */
Datum
cj_fn_pause(PG_FUNCTION_ARGS)
{
	return control_one(fcinfo, CJ_CONTROL_PAUSE);
}

/*
 * jobs.pause_jobs(job_ids, reason)
 */
Datum
cj_fn_pause_jobs(PG_FUNCTION_ARGS)
{
	return control_array(fcinfo, CJ_CONTROL_PAUSE);
}

/*
 * jobs.resume(job_id)
 */
Datum
cj_fn_resume(PG_FUNCTION_ARGS)
{
	return control_one(fcinfo, CJ_CONTROL_RESUME);
}

/*
 * jobs.resume_jobs(job_ids)
 */
Datum
cj_fn_resume_jobs(PG_FUNCTION_ARGS)
{
	return control_array(fcinfo, CJ_CONTROL_RESUME);
}
