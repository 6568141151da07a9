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
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "base/base_extension.h"
#include "base/base_store.h"
#include "jobtype/jobtype.h"
#include "schedule/schedule.h"

PG_FUNCTION_INFO_V1(cj_fn_create_schedule);
PG_FUNCTION_INFO_V1(cj_fn_create_backup_schedule);
PG_FUNCTION_INFO_V1(cj_fn_create_changefeed_schedule);
PG_FUNCTION_INFO_V1(cj_fn_alter_backup_schedule);
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
 * An array argument, NULL for null.
 */
static ArrayType *
optional_array(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_ARRAYTYPE_P(n);
}

/*
 * An argument that is a JSON object, NULL for null.
 */
static Jsonb *
optional_object(FunctionCallInfo fcinfo, int n)
{
	Jsonb	   *object = PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n);

	if (object != NULL && !JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the options of a schedule must be a JSON object")));
	return object;
}

/*
 * Is an argument true, and not null?
 */
static bool
is_true(FunctionCallInfo fcinfo, int n)
{
	return !PG_ARGISNULL(n) && PG_GETARG_BOOL(n);
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
 * Add the rows of these schedules to the result.
 */
static void
put_schedules(FunctionCallInfo fcinfo, const CjSchedule *schedules, int nschedules)
{
	for (int i = 0; i < nschedules; i++)
		put_schedule((ReturnSetInfo *) fcinfo->resultinfo, &schedules[i]);
}

/*
 * Read what all functions that create schedules have in common: the label, the
 * recurrence as the third argument, and from the n-th (0 is the first) on those of the
 * options first_run, on_execution_failure, on_previous_running, timezone and
 * max_running.
 */
static CjScheduleCreation
read_creation(FunctionCallInfo fcinfo, int n)
{
	CjScheduleCreation creation = {
		.label = optional_text(fcinfo, 0),
		.recurrence = optional_text(fcinfo, 2),
		.first_run = PG_ARGISNULL(n) ? CJ_NO_TIME : PG_GETARG_TIMESTAMPTZ(n),
		.on_execution_failure = optional_text(fcinfo, n + 1),
		.on_previous_running = optional_text(fcinfo, n + 2),
		.timezone = optional_text(fcinfo, n + 3),
		.max_running = PG_ARGISNULL(n + 4) ? CJ_SCHEDULE_MAX_RUNNING : PG_GETARG_INT32(n + 4)
	};

	return creation;
}

/*
 * Is the n-th argument, if_not_exists, true, and is there a schedule of this label?
 * A notice tells then.
 */
static bool
exists_already(FunctionCallInfo fcinfo, int n, const char *label)
{
	if (!is_true(fcinfo, n))
		return false;
	if (label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("IF NOT EXISTS needs a label")));
	if (!cj_schedule_exists(label))
		return false;
	ereport(NOTICE,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("schedule \"%s\" already exists, skipping", label)));
	return true;
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
	CjScheduleCreation creation = read_creation(fcinfo, 3);

	cj_extension_check_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (exists_already(fcinfo, 8, creation.label))
		PG_RETURN_NULL();
	creation.executor_type = "SQL";
	creation.statement = command;
	if (command != NULL)
		creation.command = cj_jobtype_sql_arguments(command, NULL);
	put_schedules(fcinfo, cj_schedule_create(&creation), 1);
	PG_RETURN_NULL();
}

/*
 * jobs.create_backup_schedule(label, destination, recurrence, tables, databases,
 * full_backup, options, first_run, on_execution_failure, on_previous_running,
 * timezone, max_running, ignore_existing_backups,
 * updates_cluster_last_backup_time_metric, if_not_exists)
 */
Datum
cj_fn_create_backup_schedule(PG_FUNCTION_ARGS)
{
	CjScheduleCreation creation = read_creation(fcinfo, 7);
	CjScheduleWork work = {
		.into = optional_array(fcinfo, 1),
		.tables = optional_array(fcinfo, 3),
		.databases = optional_array(fcinfo, 4),
		.options = optional_object(fcinfo, 6),
		.ignore_existing_backups = is_true(fcinfo, 12),
		.updates_metric = is_true(fcinfo, 13)
	};
	CjSchedule *schedules;
	int			nschedules;

	cj_extension_check_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (exists_already(fcinfo, 14, creation.label))
		PG_RETURN_NULL();
	nschedules = cj_schedule_create_backup(&creation, &work, optional_text(fcinfo, 5), &schedules);
	put_schedules(fcinfo, schedules, nschedules);
	PG_RETURN_NULL();
}

/*
 * jobs.create_changefeed_schedule(label, sink, recurrence, tables, query, options,
 * first_run, on_execution_failure, on_previous_running, timezone, max_running,
 * if_not_exists)
 */
Datum
cj_fn_create_changefeed_schedule(PG_FUNCTION_ARGS)
{
	CjScheduleCreation creation = read_creation(fcinfo, 6);
	CjScheduleWork work = {
		.sink_uri = optional_text(fcinfo, 1),
		.tables = optional_array(fcinfo, 3),
		.query = optional_text(fcinfo, 4),
		.options = optional_object(fcinfo, 5)
	};

	cj_extension_check_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (exists_already(fcinfo, 11, creation.label))
		PG_RETURN_NULL();
	put_schedules(fcinfo, cj_schedule_create_changefeed(&creation, &work), 1);
	PG_RETURN_NULL();
}

/*
 * What "execute" of jobs.alter_backup_schedule() says.
 */
static void
read_execute(const char *execute, CjBackupAlteration *alteration)
{
	if (execute == NULL)
		return;
	alteration->execute = pg_strcasecmp(execute, "next") == 0;
	alteration->execute_full = pg_strcasecmp(execute, "full") == 0;
	if (!alteration->execute && !alteration->execute_full)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized value for \"execute\": \"%s\"", execute),
				 errhint("Use next or full.")));
}

/*
 * jobs.alter_backup_schedule(schedule_id, label, destination, options, recurrence,
 * full_backup, on_execution_failure, on_previous_running, timezone, max_running,
 * updates_cluster_last_backup_time_metric, execute)
 */
Datum
cj_fn_alter_backup_schedule(PG_FUNCTION_ARGS)
{
	int			max_running = PG_ARGISNULL(9) ? 0 : PG_GETARG_INT32(9);
	bool		updates_metric = is_true(fcinfo, 10);
	CjBackupAlteration alteration = {
		.label = optional_text(fcinfo, 1),
		.into = optional_array(fcinfo, 2),
		.options = optional_object(fcinfo, 3),
		.recurrence = optional_text(fcinfo, 4),
		.full_backup = optional_text(fcinfo, 5),
		.on_execution_failure = optional_text(fcinfo, 6),
		.on_previous_running = optional_text(fcinfo, 7),
		.timezone = optional_text(fcinfo, 8),
		.max_running = PG_ARGISNULL(9) ? NULL : &max_running,
		.updates_metric = PG_ARGISNULL(10) ? NULL : &updates_metric
	};
	CjSchedule *schedules;
	int			nschedules;

	cj_extension_check_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	read_execute(optional_text(fcinfo, 11), &alteration);
	nschedules = cj_schedule_alter_backup(PG_GETARG_INT64(0), &alteration, &schedules);
	put_schedules(fcinfo, schedules, nschedules);
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
