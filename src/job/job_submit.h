/*-------------------------------------------------------------------------
 *
 * job_submit.h
 *	  Submitting a job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_submit.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_SUBMIT_H
#define CJ_JOB_SUBMIT_H

#include "job/job.h"

extern void cj_job_submit_check(CjJob *job);
extern void cj_job_submit_check_operation(void);
extern void cj_job_submit_check_owner(Oid owner);
extern int64 cj_job_submit(CjJob *job, const CjJobPlan *plan);

#endif							/* CJ_JOB_SUBMIT_H */
