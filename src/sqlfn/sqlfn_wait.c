/*-------------------------------------------------------------------------
 *
 * sqlfn_wait.c
 *	  SQL functions that wait for jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_wait.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base/base_commit.h"
#include "base/base_extension.h"
#include "base/base_store.h"
#include "job/job_error.h"
#include "job/job_wait.h"

PG_FUNCTION_INFO_V1(cj_fn_wait);
PG_FUNCTION_INFO_V1(cj_fn_wait_jobs);
PG_FUNCTION_INFO_V1(cj_fn_wait_for);
PG_FUNCTION_INFO_V1(cj_fn_wait_for_jobs);
PG_FUNCTION_INFO_V1(cj_fn_show_jobs_when_complete);

/* A longer time to wait, in milliseconds, is for ever. */
#define MAX_TIMEOUT (10.0 * 365 * 24 * 60 * 60 * 1000)

/*
 * The milliseconds of the interval in the second argument, rounded up; -1 for
 * null, and for a time that nobody will wait for.
 */
static int64
get_timeout(FunctionCallInfo fcinfo)
{
	Interval   *interval;
	double		timeout;

	if (PG_ARGISNULL(1))
		return -1;
	interval = PG_GETARG_INTERVAL_P(1);
	timeout = interval->time / 1000.0 +
		(interval->day + (double) interval->month * DAYS_PER_MONTH) *
		SECS_PER_DAY * 1000.0;
	if (timeout < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the time to wait for jobs must not be negative")));
	return timeout > MAX_TIMEOUT ? -1 : (int64) ceil(timeout);
}

/*
 * What to tell of the jobs, by the third argument, "strict".
 */
static CjWaitTell
get_tell(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(2) && PG_GETARG_BOOL(2) ? CJ_WAIT_STRICT : CJ_WAIT_ENDS;
}

/*
 * jobs.wait(job_id, timeout, strict); null is no job.
 */
Datum
cj_fn_wait(PG_FUNCTION_ARGS)
{
	int64		timeout;
	int64		id;

	cj_extension_check_preloaded();
	timeout = get_timeout(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(true);

	id = PG_GETARG_INT64(0);
	PG_RETURN_BOOL(cj_job_wait(&id, 1, timeout, get_tell(fcinfo), NULL));
}

/*
 * jobs.wait(job_ids, timeout, strict); null is no job there, too.
 */
Datum
cj_fn_wait_jobs(PG_FUNCTION_ARGS)
{
	int64		timeout;
	int64	   *ids;
	int			nids;

	cj_extension_check_preloaded();
	timeout = get_timeout(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(true);

	nids = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(0), &ids);
	PG_RETURN_BOOL(cj_job_wait(ids, nids, timeout, get_tell(fcinfo), NULL));
}

/*
 * Wait as a procedure does: with a transaction that holds nothing, so that no
 * job has to wait for it.  Commits the one under way, and raises 2D000 where
 * that is not possible, 55000 if the time is over.
 */
static void
wait_outside(FunctionCallInfo fcinfo, int64 *ids, int nids, int64 timeout)
{
	CjWaitTell	tell = get_tell(fcinfo);

	cj_commit_midway(cj_commit_is_possible(fcinfo));
	if (!cj_job_wait(ids, nids, timeout, tell, cj_commit_release))
		cj_job_error_wait_timed_out();
}

/*
 * jobs.wait_for(job_id, timeout, strict); null is no job.
 */
Datum
cj_fn_wait_for(PG_FUNCTION_ARGS)
{
	int64		timeout;
	int64		id;

	cj_extension_check_preloaded();
	timeout = get_timeout(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_VOID();

	id = PG_GETARG_INT64(0);
	wait_outside(fcinfo, &id, 1, timeout);
	PG_RETURN_VOID();
}

/*
 * jobs.wait_for(job_ids, timeout, strict); null is no job there, too.
 */
Datum
cj_fn_wait_for_jobs(PG_FUNCTION_ARGS)
{
	int64		timeout;
	int64	   *ids;
	int			nids;

	cj_extension_check_preloaded();
	timeout = get_timeout(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_VOID();

	nids = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(0), &ids);
	wait_outside(fcinfo, ids, nids, timeout);
	PG_RETURN_VOID();
}

/*
 * Put the rows of jobs.show_jobs(ids) into the result, as the current user
 * sees them with the latest snapshot: under an isolation level that keeps its
 * snapshot, the jobs would not have ended otherwise.
 */
static void
return_jobs(FunctionCallInfo fcinfo, Datum ids)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			type = INT8ARRAYOID;
	int			rc;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PushActiveSnapshot(GetLatestSnapshot());
	rc = SPI_execute_with_args("SELECT * FROM jobs.show_jobs($1)", 1, &type,
							   &ids, NULL, true, 0);
	PopActiveSnapshot();
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "could not read jobs: %s", SPI_result_code_string(rc));
	for (uint64 row = 0; row < SPI_processed; row++)
		tuplestore_puttuple(rsinfo->setResult, SPI_tuptable->vals[row]);
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}

/*
 * jobs.show_jobs_when_complete(job_ids)
 */
Datum
cj_fn_show_jobs_when_complete(PG_FUNCTION_ARGS)
{
	int64	   *ids;
	int			nids;

	cj_extension_check_preloaded();
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;

	nids = cj_store_array_ids(PG_GETARG_ARRAYTYPE_P(0), &ids);
	cj_job_wait_complete(ids, nids);
	return_jobs(fcinfo, PG_GETARG_DATUM(0));
	return (Datum) 0;
}
