/*-------------------------------------------------------------------------
 *
 * count_job.c
 *	  A job type for tests: counts to a number and leaves a row for each.
 *
 * The arguments of a job are {"steps": n} and these options, numbers all:
 *
 * every			save a checkpoint each time so many steps are done
 * commit_every		commit each time so many steps are done, with no new checkpoint
 * wait_at			at this step, wait for the advisory lock 1
 * swallow_at		at this step, sleep, and go on sleeping when that is cancelled
 * fail_at			at this step, fail with a division by zero
 * fatal_at			at this step, end the process with a FATAL error
 * crash_at			at this step, once, save a checkpoint and crash
 * retry_at			at this step, once, save a checkpoint and fail with an error
 *					that is worth another attempt
 * max_attempts		what the job's plan says
 * misuse			1: commit within a subtransaction, 2: with an active snapshot,
 *					3: from start()
 * fail_cleanup		so often the clean-up fails, counted by count_job.cleanup
 * commit_cleanup	1: the clean-up commits before it fails
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  test/module/count_job.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"

#include "extension/cancel_job/job_api.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(count_job_submit);
PG_FUNCTION_INFO_V1(count_job_register);

extern PGDLLEXPORT void _PG_init(void);

/*
 * A number in a jsonb object, "missing" if it is not there.
 */
static int
get_number(Jsonb *object, const char *key, int missing)
{
	JsonbValue *value;

	value = getKeyJsonValueFromContainer(&object->root, key, strlen(key), NULL);
	if (value == NULL || value->type != jbvNumeric)
		return missing;
	return DatumGetInt32(DirectFunctionCall1(numeric_int4,
											 NumericGetDatum(value->val.numeric)));
}

/*
 * An option of a job, 0 if it was not given.
 */
static int
get_option(const CjJob *job, const char *name)
{
	return get_number(cj_job_api()->get_arguments(job), name, 0);
}

/*
 * A jsonb from its text.
 */
static Jsonb *
make_jsonb(const char *json)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

/*
 * Run a statement with two numbers; returns the first column of its first row,
 * 0 if it returns none.
 */
static int64
run_sql(const char *sql, int64 number1, int number2)
{
	Oid			types[] = {INT8OID, INT4OID};
	Datum		values[] = {Int64GetDatum(number1), Int32GetDatum(number2)};
	int64		result = 0;
	bool		isnull;

	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_execute_with_args(sql, 2, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", sql);
	if (SPI_processed > 0 && SPI_tuptable != NULL)
		result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PopActiveSnapshot();
	return result;
}

/*
 * Sleep, and sleep on when that is cancelled, until the process is terminated.
 */
static void
swallow_cancels(void)
{
	for (;;)
	{
		PG_TRY();
		{
			run_sql("SELECT 1::bigint FROM pg_sleep(100000)", 0, 0);
		}
		PG_CATCH();
		{
			FlushErrorState();
			AbortCurrentTransaction();
			StartTransactionCommand();
		}
		PG_END_TRY();
	}
}

/*
 * Save a checkpoint; "crashed" tells the next run not to crash or fail again.
 */
static void
save(CjJob *job, int done, bool crashed)
{
	cj_job_api()->save_checkpoint(job, make_jsonb(psprintf("{\"done\": %d, \"crashed\": %d}",
														   done, crashed)));
}

/*
 * Use the interface as one must not.
 */
static void
misuse(CjJob *job, int how)
{
	if (how == 1)
		BeginInternalSubTransaction(NULL);
	else
		PushActiveSnapshot(GetTransactionSnapshot());
	cj_job_api()->commit(job);
}

/*
 * Do what an option says about this step, before it is done.
 */
static void
inject(CjJob *job, int step, bool crashed)
{
	if (step == get_option(job, "wait_at"))
		run_sql("SELECT 1::bigint FROM pg_advisory_xact_lock(1)", 0, 0);
	if (step == get_option(job, "swallow_at"))
		swallow_cancels();
	if (step == get_option(job, "fail_at"))
		ereport(ERROR,
				(errcode(ERRCODE_DIVISION_BY_ZERO),
				 errmsg("failed at step %d", step)));
	if (step == get_option(job, "fatal_at"))
		ereport(FATAL,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("ended at step %d", step)));
	if (step == get_option(job, "crash_at") && !crashed)
	{
		save(job, step - 1, true);
		abort();
	}
	if (step == get_option(job, "retry_at") && !crashed)
	{
		save(job, step - 1, true);
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("failed once at step %d", step)));
	}
}

/*
 * CjJobType.start: check the number of steps.
 */
static void
start_count(const CjJob *job)
{
	if (get_option(job, "steps") < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of steps must be greater than zero")));
	if (get_option(job, "misuse") == 3)
		cj_job_api()->commit(unconstify(CjJob *, job));
}

/*
 * CjJobType.has_cleanup: there always is.
 */
static bool
has_cleanup_count(const CjJob *job)
{
	return true;
}

/*
 * CjJobType.describe
 */
static char *
describe_count(const CjJob *job)
{
	return psprintf("count to %d", get_option(job, "steps"));
}

/*
 * CjJobType.resume: count on from the last checkpoint.
 */
static void
resume_count(CjJob *job)
{
	const CjJobApi *api = cj_job_api();
	Jsonb	   *checkpoint = api->get_checkpoint(job);
	int			done = checkpoint != NULL ? get_number(checkpoint, "done", 0) : 0;
	bool		crashed = checkpoint != NULL && get_number(checkpoint, "crashed", 0) != 0;
	int			steps = get_option(job, "steps");
	int			every = get_option(job, "every");
	int			commit_every = get_option(job, "commit_every");

	api->add_message(job, NOTICE, psprintf("counting from %d", done + 1));
	if (get_option(job, "misuse") != 0)
		misuse(job, get_option(job, "misuse"));

	for (int step = done + 1; step <= steps; step++)
	{
		char		status[32];

		CHECK_FOR_INTERRUPTS();
		inject(job, step, crashed);
		run_sql("INSERT INTO count_job.step VALUES ($1, $2)", api->get_id(job), step);
		snprintf(status, sizeof(status), "step %d", step);
		api->report_progress(job, (double) step / steps, status);
		if (every > 0 && step % every == 0)
			save(job, step, crashed);
		else if (commit_every > 0 && step % commit_every == 0)
			api->commit(job);
	}
	api->set_result(job, "COUNT", steps);
}

/*
 * CjJobType.on_fail_or_cancel: take the rows away.
 */
static void
undo_count(CjJob *job)
{
	const CjJobApi *api = cj_job_api();
	int			failures = get_option(job, "fail_cleanup");
	int64		attempt = 0;

	if (failures > 0)
		attempt = run_sql("SELECT nextval('count_job.cleanup')", 0, 0);
	run_sql("DELETE FROM count_job.step WHERE job_id = $1", api->get_id(job), 0);
	if (get_option(job, "commit_cleanup") != 0)
		api->commit(job);
	if (failures > 0 && attempt <= failures)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("failed at clean-up %lld", (long long) attempt)));
	api->add_message(job, WARNING, psprintf("cleaned up, job %s",
											api->is_canceled(job) ? "canceled" : "failed"));
}

static const CjJobType count_type = {
	.name = "COUNT",
	.flags = CJ_TYPE_CANCELABLE | CJ_TYPE_RESUMABLE,
	.start = start_count,
	.resume = resume_count,
	.on_fail_or_cancel = undo_count,
	.has_cleanup = has_cleanup_count,
	.describe = describe_count
};

/* The same, but one at a time. */
static const CjJobType alone_type = {
	.name = "COUNT ALONE",
	.flags = CJ_TYPE_CANCELABLE,
	.max_running = 1,
	.start = start_count,
	.resume = resume_count,
	.on_fail_or_cancel = undo_count
};

/*
 * count_job.submit(steps, options, job_type)
 */
Datum
count_job_submit(PG_FUNCTION_ARGS)
{
	Jsonb	   *steps = make_jsonb(psprintf("{\"steps\": %d}", PG_GETARG_INT32(0)));
	Datum		arguments;
	CjJobSubmission submission = {0};

	arguments = DirectFunctionCall2(jsonb_concat, PG_GETARG_DATUM(1),
									JsonbPGetDatum(steps));
	submission.arguments = DatumGetJsonbP(arguments);
	submission.type = text_to_cstring(PG_GETARG_TEXT_PP(2));
	submission.statement = psprintf("COUNT TO %d", PG_GETARG_INT32(0));
	submission.plan.max_attempts = get_number(submission.arguments, "max_attempts", 0);
	PG_RETURN_INT64(cj_job_api()->submit(&submission));
}

/*
 * count_job.register(name, flags, max_running, resume, on_fail_or_cancel)
 */
Datum
count_job_register(PG_FUNCTION_ARGS)
{
	CjJobType  *type = MemoryContextAlloc(TopMemoryContext, sizeof(CjJobType));

	*type = count_type;
	type->name = MemoryContextStrdup(TopMemoryContext,
									 text_to_cstring(PG_GETARG_TEXT_PP(0)));
	type->flags = PG_GETARG_INT32(1);
	type->max_running = PG_GETARG_INT32(2);
	if (!PG_GETARG_BOOL(3))
		type->resume = NULL;
	if (!PG_GETARG_BOOL(4))
		type->on_fail_or_cancel = NULL;
	cj_job_api_register("count_job", type);
	PG_RETURN_VOID();
}

/*
 * Called when the library is loaded.
 */
void
_PG_init(void)
{
	cj_job_api_register("count_job", &count_type);
	cj_job_api_register("count_job", &alone_type);
}
