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
#include "job/job_control_many.h"

PG_FUNCTION_INFO_V1(cj_fn_cancel);
PG_FUNCTION_INFO_V1(cj_fn_cancel_jobs);
PG_FUNCTION_INFO_V1(cj_fn_pause);
PG_FUNCTION_INFO_V1(cj_fn_pause_jobs);
PG_FUNCTION_INFO_V1(cj_fn_resume);
PG_FUNCTION_INFO_V1(cj_fn_resume_jobs);
PG_FUNCTION_INFO_V1(cj_fn_cancel_jobs_for_schedules);
PG_FUNCTION_INFO_V1(cj_fn_pause_jobs_for_schedules);
PG_FUNCTION_INFO_V1(cj_fn_resume_jobs_for_schedules);
PG_FUNCTION_INFO_V1(cj_fn_cancel_all);
PG_FUNCTION_INFO_V1(cj_fn_pause_all);
PG_FUNCTION_INFO_V1(cj_fn_resume_all);

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
 * What controls some jobs: cj_job_control(), or what takes ids of schedules.
 */
typedef int64 (*ControlIds) (CjControlVerb verb, const int64 *ids, int nids,
							 const char *reason);

/*
 * Control what is named by the ids in the array in the first argument; null is
 * no id there, too.
 */
static Datum
control_array(FunctionCallInfo fcinfo, CjControlVerb verb, ControlIds control)
{
	int64	   *ids;
	int			nids;

	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	nids = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(0), &ids);
	PG_RETURN_INT64(control(verb, ids, nids, get_reason(fcinfo)));
}

/*
 * Control the jobs of the type in the first argument; null is no type.
 */
static Datum
control_type(FunctionCallInfo fcinfo, CjControlVerb verb)
{
	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	PG_RETURN_INT64(cj_job_control_type(verb,
										text_to_cstring(PG_GETARG_TEXT_PP(0)),
										get_reason(fcinfo)));
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
	return control_array(fcinfo, CJ_CONTROL_CANCEL, cj_job_control);
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
	return control_array(fcinfo, CJ_CONTROL_PAUSE, cj_job_control);
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
	return control_array(fcinfo, CJ_CONTROL_RESUME, cj_job_control);
}

/*
 * jobs.cancel_jobs_for_schedules(schedule_ids, reason)
 */
Datum
cj_fn_cancel_jobs_for_schedules(PG_FUNCTION_ARGS)
{
	return control_array(fcinfo, CJ_CONTROL_CANCEL, cj_job_control_schedules);
}

/*
 * jobs.pause_jobs_for_schedules(schedule_ids, reason)
 */
Datum
cj_fn_pause_jobs_for_schedules(PG_FUNCTION_ARGS)
{
	return control_array(fcinfo, CJ_CONTROL_PAUSE, cj_job_control_schedules);
}

/*
 * jobs.resume_jobs_for_schedules(schedule_ids)
 */
Datum
cj_fn_resume_jobs_for_schedules(PG_FUNCTION_ARGS)
{
	return control_array(fcinfo, CJ_CONTROL_RESUME, cj_job_control_schedules);
}

/*
 * jobs.cancel_all(job_type, reason)
 */
Datum
cj_fn_cancel_all(PG_FUNCTION_ARGS)
{
	return control_type(fcinfo, CJ_CONTROL_CANCEL);
}

/*
 * jobs.pause_all(job_type, reason)
 */
Datum
cj_fn_pause_all(PG_FUNCTION_ARGS)
{
	return control_type(fcinfo, CJ_CONTROL_PAUSE);
}

/*
 * jobs.resume_all(job_type)
 */
Datum
cj_fn_resume_all(PG_FUNCTION_ARGS)
{
	return control_type(fcinfo, CJ_CONTROL_RESUME);
}
