/*-------------------------------------------------------------------------
 *
 * sqlfn_schedule.c
 *	  SQL functions to create and control schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_schedule.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "base/base_extension.h"
#include "base/base_store.h"
#include "schedule/schedule.h"

PG_FUNCTION_INFO_V1(cj_fn_create_schedule);
PG_FUNCTION_INFO_V1(cj_fn_pause_schedules);
PG_FUNCTION_INFO_V1(cj_fn_resume_schedules);
PG_FUNCTION_INFO_V1(cj_fn_drop_schedules);
PG_FUNCTION_INFO_V1(cj_fn_execute_schedules);

/*
 * A text argument, NULL for null.
 */
static char *
optional_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/*
 * The arguments of an SQL job.
 */
static Jsonb *
sql_arguments(const char *command)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"command\": ");
	escape_json(&json, command);
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(json.data)));
}

/*
 * Add the row of CREATE SCHEDULE for a schedule.
 */
static void
put_schedule(ReturnSetInfo *result, const CjSchedule *schedule)
{
#define CREATE_SCHEDULE_COLUMNS 6
	Datum		values[CREATE_SCHEDULE_COLUMNS];
	bool		nulls[CREATE_SCHEDULE_COLUMNS] = {false};
	bool		paused = schedule->next_run == CJ_NO_TIME;

	values[0] = Int64GetDatum(schedule->id);
	values[1] = CStringGetTextDatum(schedule->label);
	values[2] = CStringGetTextDatum(!paused ? "ACTIVE" : schedule->state[0] == '\0' ? "PAUSED" :
									psprintf("PAUSED: %s", schedule->state));
	values[3] = TimestampTzGetDatum(schedule->next_run);
	nulls[3] = paused;
	values[4] = CStringGetTextDatum(schedule->recurrence);
	values[5] = CStringGetTextDatum(schedule->statement);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * jobs.create_schedule(label, command, recurrence, first_run,
 * on_execution_failure, on_previous_running, timezone, max_running,
 * if_not_exists)
 */
Datum
cj_fn_create_schedule(PG_FUNCTION_ARGS)
{
	char	   *command = optional_text(fcinfo, 1);
	CjScheduleCreation creation = {
		.label = optional_text(fcinfo, 0),
		.executor_type = "SQL",
		.statement = command,
		.recurrence = optional_text(fcinfo, 2),
		.first_run = PG_ARGISNULL(3) ? CJ_NO_TIME : PG_GETARG_TIMESTAMPTZ(3),
		.on_execution_failure = optional_text(fcinfo, 4),
		.on_previous_running = optional_text(fcinfo, 5),
		.timezone = optional_text(fcinfo, 6),
		.max_running = PG_ARGISNULL(7) ? CJ_SCHEDULE_MAX_RUNNING : PG_GETARG_INT32(7)
	};

	cj_extension_check_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(8) && PG_GETARG_BOOL(8))
	{
		if (creation.label == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("IF NOT EXISTS needs a label")));
		if (cj_schedule_exists(creation.label))
		{
			ereport(NOTICE,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("schedule \"%s\" already exists, skipping", creation.label)));
			PG_RETURN_NULL();
		}
	}
	if (command != NULL)
		creation.command = sql_arguments(command);
	put_schedule((ReturnSetInfo *) fcinfo->resultinfo, cj_schedule_create(&creation));
	PG_RETURN_NULL();
}

/*
 * Do what the verb says to the schedules whose ids are in the array in the first
 * argument; null is no id.
 */
static Datum
control_schedules(FunctionCallInfo fcinfo, CjScheduleVerb verb)
{
	int64	   *ids;
	int			nids;

	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	nids = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(0), &ids);
	PG_RETURN_INT64(cj_schedule_control(verb, ids, nids));
}

/*
 * jobs.pause_schedules(schedule_ids)
 */
Datum
cj_fn_pause_schedules(PG_FUNCTION_ARGS)
{
	return control_schedules(fcinfo, CJ_SCHEDULE_PAUSE);
}

/*
 * jobs.resume_schedules(schedule_ids)
 */
Datum
cj_fn_resume_schedules(PG_FUNCTION_ARGS)
{
	return control_schedules(fcinfo, CJ_SCHEDULE_RESUME);
}

/*
 * jobs.drop_schedules(schedule_ids)
 */
Datum
cj_fn_drop_schedules(PG_FUNCTION_ARGS)
{
	return control_schedules(fcinfo, CJ_SCHEDULE_DROP);
}

/*
 * jobs.execute_schedules(schedule_ids)
 */
Datum
cj_fn_execute_schedules(PG_FUNCTION_ARGS)
{
	return control_schedules(fcinfo, CJ_SCHEDULE_EXECUTE);
}
