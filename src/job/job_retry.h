/*-------------------------------------------------------------------------
 *
 * job_retry.h
 *	  Which errors are worth another attempt, and when it is made.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_retry.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_RETRY_H
#define CJ_JOB_RETRY_H

extern bool cj_job_retry_is_worthwhile(int sqlerrcode);
extern int64 cj_job_retry_delay(int nfailed);

#endif							/* CJ_JOB_RETRY_H */
