/*-------------------------------------------------------------------------
 *
 * job_self.h
 *	  Requests that a running job makes for itself.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_self.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_SELF_H
#define CJ_JOB_SELF_H

#include "job/job.h"
#include "job/job_control.h"

extern void cj_job_self_begin(const CjJob *job);
extern void cj_job_self_end(void);
extern void cj_job_self_check(const CjJob *job);
extern CjJobState cj_job_self_request(void);
extern int64 cj_job_self_id(void);
extern double cj_job_self_take_seconds(int64 id);
extern int	cj_job_self_take_out(CjControlVerb verb, Oid roleid,
								 const int64 *ids, int nids,
								 const int64 **others);

#endif							/* CJ_JOB_SELF_H */
