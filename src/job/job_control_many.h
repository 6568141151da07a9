/*-------------------------------------------------------------------------
 *
 * job_control_many.h
 *	  Requests for the jobs of schedules, and for all jobs of a type.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_control_many.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_CONTROL_MANY_H
#define CJ_JOB_CONTROL_MANY_H

#include "job/job_control.h"

/* What jobs.job.created_by_type says of a job that a schedule has made. */
#define CJ_CREATED_BY_SCHEDULE "crdb_schedule"

extern int64 cj_job_control_schedules(CjControlVerb verb,
									  const int64 *schedules, int nschedules,
									  const char *reason);
extern int64 cj_job_control_type(CjControlVerb verb, const char *name,
								 const char *reason);

#endif							/* CJ_JOB_CONTROL_MANY_H */
