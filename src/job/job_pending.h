/*-------------------------------------------------------------------------
 *
 * job_pending.h
 *	  What a transaction has done to jobs, acted upon at its commit.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_pending.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_PENDING_H
#define CJ_JOB_PENDING_H

/*
 * Called once after a commit that submitted jobs or made requests: wake what
 * takes them up, signal the workers of the jobs that requests were made for,
 * whose ids are sorted.  With "others", other jobs were changed that no worker
 * need know of.  Also called, with no jobs, after an abort: rows that were locked
 * are not any more.  Must not raise an error.
 */
typedef void (*CjJobCommitHook) (const int64 *requested, int nrequested,
								 bool others);

extern void cj_job_pending_init(CjJobCommitHook hook);
extern void cj_job_pending_add_submission(void);
extern void cj_job_pending_add_others(void);
extern void cj_job_pending_add_requests(const int64 *ids, int nids);

#endif							/* CJ_JOB_PENDING_H */
