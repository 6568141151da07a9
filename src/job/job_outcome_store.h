/*-------------------------------------------------------------------------
 *
 * job_outcome_store.h
 *	  What has become of jobs, for who waits for them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_outcome_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_OUTCOME_STORE_H
#define CJ_JOB_OUTCOME_STORE_H

extern void cj_job_outcome_tell_ends(const int64 *ids, int nids, int elevel);
extern void cj_job_outcome_tell_paused(int64 id, int elevel);

#endif							/* CJ_JOB_OUTCOME_STORE_H */
