/*-------------------------------------------------------------------------
 *
 * job_store.h
 *	  Reading and writing single jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_STORE_H
#define CJ_JOB_STORE_H

#include "job/job.h"

/* What to write when a job changes its state; zeroed fields change nothing. */
typedef struct CjJobChange
{
	CjJobState	to;
	CjJobOutcome outcome;
	const char *error;
	const char *sqlstate;
	const char *revert_error;
	bool		retry;			/* the job waits for another attempt */
	int64		retry_delay;	/* for so many milliseconds */
	bool		attempt_failed;
	bool		keep_claim;
	bool		has_fraction;
	bool		has_reported;	/* the fraction goes into the history */
	double		fraction;
	const char *status;
} CjJobChange;

extern int64 cj_job_store_insert(const CjJob *job, const CjJobPlan *plan,
								 bool cancelable, bool automatic);
extern bool cj_job_store_find_missing(const int64 *ids, int nids, Oid roleid,
									  int64 *missing);
extern int64 cj_job_store_find_exclusive(Oid owner, const char *key);
extern CjJob *cj_job_store_read_claimed(int64 id, uint64 generation);
extern bool cj_job_store_change(const CjJob *job, const CjJobChange *change);
extern void cj_job_store_checkpoint(const CjJob *job);

#endif							/* CJ_JOB_STORE_H */
