/*-------------------------------------------------------------------------
 *
 * job_control.h
 *	  Requests to cancel, pause and resume jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_control.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_CONTROL_H
#define CJ_JOB_CONTROL_H

typedef enum CjControlVerb
{
	CJ_CONTROL_CANCEL,
	CJ_CONTROL_PAUSE,
	CJ_CONTROL_RESUME
} CjControlVerb;

/* Told of a request to cancel a job that somebody has made. */
typedef void (*CjJobCanceledHook) (const char *type, int64 id);

extern void cj_job_control_set_canceled_hook(CjJobCanceledHook hook);
extern int64 cj_job_control(CjControlVerb verb, const int64 *ids, int nids,
							const char *reason);
extern int64 cj_job_control_possible(CjControlVerb verb, const int64 *ids,
									 int nids, const char *reason);

#endif							/* CJ_JOB_CONTROL_H */
