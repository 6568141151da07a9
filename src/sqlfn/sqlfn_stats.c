/*-------------------------------------------------------------------------
 *
 * sqlfn_stats.c
 *	  SQL functions that tell what became of jobs, in numbers.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_stats.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "job/job_stats.h"

PG_FUNCTION_INFO_V1(cj_fn_counters);

#define COUNTERS_COLUMNS 14

/*
 * jobs.counters(): none where the library is not preloaded.
 */
Datum
cj_fn_counters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CjJobCounters *counters;
	TimestampTz since;
	int			ncounters;

	InitMaterializedSRF(fcinfo, 0);
	ncounters = cj_job_stats_read(&counters, &since);
	for (int i = 0; i < ncounters; i++)
	{
		const CjJobCounters *c = &counters[i];
		Datum		values[COUNTERS_COLUMNS];
		bool		nulls[COUNTERS_COLUMNS] = {0};

		values[0] = CStringGetTextDatum(c->job_type);
		values[1] = Int64GetDatum(c->submitted);
		values[2] = Int64GetDatum(c->started);
		values[3] = Int64GetDatum(c->succeeded);
		values[4] = Int64GetDatum(c->failed);
		values[5] = Int64GetDatum(c->canceled);
		values[6] = Int64GetDatum(c->revert_failed);
		values[7] = Int64GetDatum(c->retried);
		values[8] = Int64GetDatum(c->revert_retried);
		values[9] = Float8GetDatum(c->seconds);
		values[10] = Int64GetDatum(c->schedules_started);
		values[11] = Int64GetDatum(c->schedules_succeeded);
		values[12] = Int64GetDatum(c->schedules_failed);
		values[13] = TimestampTzGetDatum(since);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
