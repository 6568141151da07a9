/*-------------------------------------------------------------------------
 *
 * job_wait.h
 *	  Waiting for jobs to come to their end.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_wait.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_WAIT_H
#define CJ_JOB_WAIT_H

#include "utils/timestamp.h"

/* A process that works on a job. */
typedef struct CjJobRunner
{
	int64		job_id;
	int			pid;
} CjJobRunner;

/*
 * The processes of this database that work on jobs, in the current memory
 * context; returns their number.
 */
typedef int (*CjJobRunnersHook) (CjJobRunner **runners);

extern void cj_job_wait_init(void);
extern void cj_job_wait_set_runners(CjJobRunnersHook hook);
extern bool cj_job_wait(int64 *ids, int nids, int64 timeout);
extern void cj_job_wait_complete(int64 *ids, int nids);
extern void cj_job_wait_wake(const int64 *finished, int nfinished);

#endif							/* CJ_JOB_WAIT_H */
