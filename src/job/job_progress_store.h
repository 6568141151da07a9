/*-------------------------------------------------------------------------
 *
 * job_progress_store.h
 *	  The progress of jobs in the tables, and its history.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_progress_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_PROGRESS_STORE_H
#define CJ_JOB_PROGRESS_STORE_H

/* The progress of a job that a worker has, as it is now. */
typedef struct CjJobProgress
{
	int64		job_id;
	uint64		generation;
	double		fraction;		/* negative: none was reported */
	const char *status;			/* NULL: none was reported */
	bool		history_only;	/* the job's row must not be changed */
} CjJobProgress;

extern void cj_job_progress_copy(const CjJobProgress *progress);
extern void cj_job_progress_record(int64 job_id, double fraction);
extern void cj_job_progress_tell_paused(int64 job_id, const char *status);

#endif							/* CJ_JOB_PROGRESS_STORE_H */
