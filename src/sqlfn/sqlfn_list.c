/*-------------------------------------------------------------------------
 *
 * sqlfn_list.c
 *	  SQL functions that list jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_list.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "job/job_autovacuum.h"
#include "job/job_recent_store.h"
#include "jobtype/jobtype_auto_stats.h"
#include "privilege/privilege_job.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(cj_fn_live);
PG_FUNCTION_INFO_V1(cj_fn_recent_job_ids);
PG_FUNCTION_INFO_V1(cj_fn_autovacuum_jobs);

#define LIVE_COLUMNS 6
#define AUTOVACUUM_COLUMNS 14

/*
 * jobs.live(): none where the library is not preloaded.
 */
Datum
cj_fn_live(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CjLiveJob  *jobs;
	int			njobs;
	CjPrivileges privileges;

	InitMaterializedSRF(fcinfo, 0);
	cj_privilege_begin(&privileges, GetUserId());
	njobs = cj_worker_live_jobs(&jobs);
	for (int i = 0; i < njobs; i++)
	{
		Datum		values[LIVE_COLUMNS];
		bool		nulls[LIVE_COLUMNS] = {0};

		if (!cj_privilege_may_see(&privileges, jobs[i].owner))
			continue;
		values[0] = Int64GetDatum(jobs[i].job_id);
		values[1] = Int64GetDatum((int64) jobs[i].generation);
		values[2] = Int32GetDatum(jobs[i].pid);
		values[3] = Float8GetDatum(jobs[i].fraction);
		nulls[3] = jobs[i].fraction < 0;
		values[4] = CStringGetTextDatum(jobs[i].status);
		nulls[4] = jobs[i].status[0] == '\0';
		values[5] = Float8GetDatum(jobs[i].server_fraction);
		nulls[5] = jobs[i].server_fraction < 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * jobs.recent_job_ids()
 */
Datum
cj_fn_recent_job_ids(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64	   *ids;
	int			nids;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	nids = cj_job_find_recent(&ids);
	for (int i = 0; i < nids; i++)
	{
		Datum		value = Int64GetDatum(ids[i]);
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

/*
 * jobs.autovacuum_jobs(), with the columns of jobs.recent_jobs
 */
Datum
cj_fn_autovacuum_jobs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CjAutovacuumJob *jobs;
	int			njobs;
	CjPrivileges privileges;

	InitMaterializedSRF(fcinfo, 0);
	cj_privilege_begin(&privileges, GetUserId());
	if (!cj_privilege_may_see(&privileges, CJ_AUTOVACUUM_OWNER))
		return (Datum) 0;

	njobs = cj_autovacuum_jobs(&jobs);
	for (int i = 0; i < njobs; i++)
	{
		Datum		values[AUTOVACUUM_COLUMNS] = {0};
		bool		nulls[AUTOVACUUM_COLUMNS] = {0};

		values[0] = Int64GetDatum(jobs[i].id);
		values[1] = CStringGetTextDatum(CJ_AUTO_STATS_TYPE);
		values[2] = CStringGetTextDatum(psprintf(CJ_AUTO_STATS_DESCRIPTION, jobs[i].table));
		values[3] = DirectFunctionCall1(pg_get_userbyid, ObjectIdGetDatum(CJ_AUTOVACUUM_OWNER));
		values[4] = CStringGetTextDatum("running");
		values[5] = CStringGetTextDatum(psprintf("autovacuum: %s", jobs[i].phase));
		values[6] = values[7] = TimestampTzGetDatum(jobs[i].started);
		nulls[8] = true;
		values[9] = TimestampTzGetDatum(GetCurrentTimestamp());
		values[10] = Float8GetDatum(jobs[i].fraction);
		values[11] = CStringGetTextDatum("");
		values[12] = Int64GetDatum((int64) jobs[i].pid);
		values[13] = BoolGetDatum(true);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
