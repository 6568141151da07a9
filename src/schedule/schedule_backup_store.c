/*-------------------------------------------------------------------------
 *
 * schedule_backup_store.c
 *	  What is stored of backup and changefeed schedules alone.
 *
 * What their jobs do is in the command, whose keys 34_schedule_statements.sql
 * names; the statement is made of that.  The schedules of full and of incremental
 * backups name each other there, as CockroachDB's do.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_backup_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/base_store.h"
#include "schedule/schedule_backup_store.h"
#include "schedule/schedule_option.h"

/*
 * A value of a statement that may be null.
 */
static void
set_value(Datum *value, char *null, const void *pointer, bool is_text)
{
	*null = pointer == NULL ? 'n' : ' ';
	if (pointer != NULL)
		*value = is_text ? CStringGetTextDatum((const char *) pointer) :
			PointerGetDatum(pointer);
}

/*
 * The command of a schedule whose jobs of this type do this, and, as *statement,
 * what they run, without secrets.
 */
Jsonb *
cj_schedule_store_command(const char *executor_type, const CjScheduleWork *work,
						  char **statement)
{
	static CjStatement make = {
		"SELECT c.command, jobs.schedule_statement($9, c.command) FROM (SELECT"
		" jsonb_strip_nulls(jsonb_build_object('tables', $1, 'databases', $2, 'into', $3, 'sink_uri', $4, 'query', $5,"
		"  'ignore_existing_backups', nullif($7, false), 'updates_last_backup_metric', nullif($8, false)))"
		" || CASE WHEN $6 = '{}' THEN '{}' ELSE jsonb_build_object('options', $6) END AS command) c",
		9, {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTOID, TEXTOID, JSONBOID, BOOLOID, BOOLOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[9] = {0};
	char		nulls[9];
	bool		isnull;
	Jsonb	   *command;

	cj_store_open(&scope, false);
	memset(nulls, ' ', sizeof(nulls));
	set_value(&values[0], &nulls[0], work->tables, false);
	set_value(&values[1], &nulls[1], work->databases, false);
	set_value(&values[2], &nulls[2], work->into, false);
	set_value(&values[3], &nulls[3], work->sink_uri, true);
	set_value(&values[4], &nulls[4], work->query, true);
	values[5] = work->options != NULL ? JsonbPGetDatum(work->options) :
		DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	values[6] = BoolGetDatum(work->ignore_existing_backups);
	values[7] = BoolGetDatum(work->updates_metric);
	values[8] = CStringGetTextDatum(executor_type);
	cj_store_run(&make, values, nulls);
	*statement = cj_store_text(&scope, 0, 2);
	MemoryContextSwitchTo(scope.caller_context);
	command = DatumGetJsonbPCopy(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return command;
}

/*
 * Let two schedules be those of full and of incremental backups, the second of
 * which begins when a backup of the first has succeeded.
 */
void
cj_schedule_store_couple(int64 full, int64 incremental)
{
	static CjStatement update = {
		"UPDATE jobs.schedule s SET command = c.command,"
		" statement = jobs.schedule_statement(s.executor_type, c.command)"
		" FROM (SELECT schedule_id, CASE schedule_id"
		"   WHEN $1 THEN command || jsonb_build_object('dependent_schedule_id', $2, 'unpause_on_success', $2)"
		"   ELSE command || jsonb_build_object('dependent_schedule_id', $1, 'backup_type', 1) END AS command"
		"  FROM jobs.schedule WHERE schedule_id = ANY (ARRAY[$1, $2])) c"
		" WHERE s.schedule_id = c.schedule_id AND s.schedule_id = ANY (ARRAY[$1, $2])",
		2, {INT8OID, INT8OID}
	};
	CjStoreScope scope;
	Datum		values[2];

	cj_store_open(&scope, false);
	values[0] = Int64GetDatum(full);
	values[1] = Int64GetDatum(incremental);
	cj_store_run(&update, values, NULL);
	cj_store_close(&scope);
}

/*
 * Run a statement about one schedule.
 */
static void
run_for(CjStatement *statement, int64 id, bool engine)
{
	CjStoreScope scope;
	Datum		value = Int64GetDatum(id);

	cj_store_open(&scope, engine);
	cj_store_run(statement, &value, NULL);
	cj_store_close(&scope);
}

/*
 * A schedule of full backups has no incremental one any more.
 */
void
cj_schedule_store_uncouple(int64 full)
{
	static CjStatement update = {
		"UPDATE jobs.schedule SET command = command - ARRAY['dependent_schedule_id', 'unpause_on_success']"
		" WHERE schedule_id = $1",
		1, {INT8OID}
	};

	run_for(&update, full, false);
}

/*
 * The incremental schedule of this one has begun.
 */
void
cj_schedule_store_unpaused(int64 full)
{
	static CjStatement update = {
		"UPDATE jobs.schedule SET command = command - 'unpause_on_success' WHERE schedule_id = $1",
		1, {INT8OID}
	};

	run_for(&update, full, true);
}

/*
 * Write what ALTER BACKUP SCHEDULE has changed: what is in "schedule" but for the
 * command, and the command by "alteration".
 */
void
cj_schedule_store_alter(const CjSchedule *schedule,
						const CjBackupAlteration *alteration, TimestampTz now)
{
	static CjStatement update = {
		"UPDATE jobs.schedule s SET label = $2, recurrence = $3, timezone = $4, once = $5,"
		" next_run = nullif($6, 'infinity'), due = nullif($7, 'infinity'), planned = $8,"
		" on_previous_running = $9, max_running = $10, on_execution_failure = $11,"
		" command = c.command, statement = jobs.schedule_statement(s.executor_type, c.command)"
		" FROM (SELECT command - 'updates_last_backup_metric'"
		"   || CASE WHEN $12 IS NULL THEN '{}' ELSE jsonb_build_object('into', $12) END"
		"   || CASE WHEN $13 IS NULL THEN '{}' ELSE jsonb_build_object('options', coalesce(command -> 'options', '{}') || $13) END"
		"   || CASE WHEN $14 THEN jsonb_build_object('updates_last_backup_metric', true) ELSE '{}' END AS command"
		"  FROM jobs.schedule WHERE schedule_id = $1) c"
		" WHERE s.schedule_id = $1",
		14, {INT8OID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
		TEXTOID, INT4OID, TEXTOID, TEXTARRAYOID, JSONBOID, BOOLOID}
	};
	CjStoreScope scope;
	Datum		values[14] = {0};
	char		nulls[14];

	cj_store_open(&scope, false);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(schedule->id);
	values[1] = CStringGetTextDatum(schedule->label);
	values[2] = CStringGetTextDatum(schedule->recurrence);
	set_value(&values[3], &nulls[3], schedule->timezone, true);
	values[4] = BoolGetDatum(schedule->once);
	values[5] = TimestampTzGetDatum(schedule->next_run);
	values[6] = TimestampTzGetDatum(schedule->due);
	values[7] = TimestampTzGetDatum(now);
	values[8] = CStringGetTextDatum(cj_schedule_overlap_name(schedule->overlap));
	values[9] = Int32GetDatum(schedule->max_running);
	values[10] = CStringGetTextDatum(cj_schedule_failure_name(schedule->failure));
	set_value(&values[11], &nulls[11], alteration->into, false);
	set_value(&values[12], &nulls[12], alteration->options, false);
	values[13] = BoolGetDatum(schedule->updates_metric);
	cj_store_run(&update, values, nulls);
	cj_store_close(&scope);
}
