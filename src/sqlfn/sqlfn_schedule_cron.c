/*-------------------------------------------------------------------------
 *
 * sqlfn_schedule_cron.c
 *	  SQL functions that tell when a schedule would run.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_schedule_cron.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "schedule/schedule_cron.h"

PG_FUNCTION_INFO_V1(cj_fn_next_run);
PG_FUNCTION_INFO_V1(cj_fn_next_runs);

/* Where jobs.next_runs() stands. */
typedef struct NextRuns
{
	CjCron		cron;
	TimestampTz last;
} NextRuns;

/*
 * Parses a recurrence and a zone that may be null; raises an error if they are
 * none.
 */
static void
parse_arguments(CjCron *cron, text *recurrence, NullableDatum timezone)
{
	cj_cron_parse(cron, text_to_cstring(recurrence),
				  timezone.isnull ? NULL : TextDatumGetCString(timezone.value));
}

/*
 * jobs.next_run(recurrence, after, timezone): null if it never runs again.
 */
Datum
cj_fn_next_run(PG_FUNCTION_ARGS)
{
	CjCron		cron;
	TimestampTz next;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();

	parse_arguments(&cron, PG_GETARG_TEXT_PP(0), fcinfo->args[2]);
	if (!cj_cron_next(&cron, PG_GETARG_TIMESTAMPTZ(1), &next))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(next);
}

/*
 * jobs.next_runs(recurrence, count, after, timezone): fewer than count if it
 * does not run as often.  Raises an error if count is negative.
 */
Datum
cj_fn_next_runs(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	NextRuns   *runs;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		runs = palloc(sizeof(NextRuns));
		call->user_fctx = runs;
		if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		{
			if (PG_GETARG_INT32(1) < 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("number of runs must not be negative")));
			call->max_calls = PG_GETARG_INT32(1);
			parse_arguments(&runs->cron, PG_GETARG_TEXT_PP(0), fcinfo->args[3]);
			runs->last = PG_GETARG_TIMESTAMPTZ(2);
		}
		MemoryContextSwitchTo(old);
	}

	call = SRF_PERCALL_SETUP();
	runs = call->user_fctx;
	if (call->call_cntr >= call->max_calls ||
		!cj_cron_next(&runs->cron, runs->last, &runs->last))
		SRF_RETURN_DONE(call);
	CHECK_FOR_INTERRUPTS();
	SRF_RETURN_NEXT(call, TimestampTzGetDatum(runs->last));
}
