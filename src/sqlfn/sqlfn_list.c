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
#include "utils/tuplestore.h"

#include "job/job_recent_store.h"
#include "privilege/privilege_job.h"
#include "worker/worker.h"

PG_FUNCTION_INFO_V1(cj_fn_live);
PG_FUNCTION_INFO_V1(cj_fn_recent_job_ids);

#define LIVE_COLUMNS 5

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
