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

/* What the client is told of the jobs that it waits for. */
typedef enum CjWaitTell
{
	CJ_WAIT_PAUSES,				/* that they are paused: the ends it will see */
	CJ_WAIT_ENDS,				/* that, and how they ended */
	CJ_WAIT_STRICT				/* the same, as an error */
} CjWaitTell;

/*
 * Called before each sleep: let go of what the transaction under way holds, its
 * virtual transaction id included, by which others may wait for a snapshot that
 * is gone.
 */
typedef void (*CjWaitRelease) (void);

/*
 * The processes of this database that work on jobs, in the current memory
 * context; returns their number.
 */
typedef int (*CjJobRunnersHook) (CjJobRunner **runners);

extern void cj_job_wait_init(void);
extern void cj_job_wait_set_runners(CjJobRunnersHook hook);
extern bool cj_job_wait(int64 *ids, int nids, int64 timeout, CjWaitTell tell,
						CjWaitRelease release);
extern void cj_job_wait_complete(int64 *ids, int nids);
extern void cj_job_wait_wake(const int64 *finished, int nfinished);
extern void cj_job_wait_wake_paused(const int64 *paused, int npaused);

#endif							/* CJ_JOB_WAIT_H */
