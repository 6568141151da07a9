/*-------------------------------------------------------------------------
 *
 * worker.h
 *	  What the other rooms may ask of the worker room.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_H
#define CJ_WORKER_H

/* Live progress of a job that a worker has. */
#define CJ_STATUS_LENGTH 256

typedef struct CjLiveJob
{
	int64		job_id;
	uint64		generation;		/* of the claim */
	Oid			owner;
	int			pid;
	double		fraction;		/* negative: not told */
	char		status[CJ_STATUS_LENGTH];	/* empty: not told */
} CjLiveJob;

/* What the schedule room does for a coordinator; milliseconds, -1 for never. */
typedef struct CjScheduleTurns
{
	/* what is due; when the next is; whether the end of a job is waited for */
	long		(*run) (bool *awaits_end);
	long		(*due) (void);	/* when that is, in a transaction */
} CjScheduleTurns;

extern void cj_worker_set_schedule_turns(const CjScheduleTurns *turns);
extern void cj_worker_init(void);
extern int	cj_worker_live_jobs(CjLiveJob **jobs);
extern bool cj_worker_report_progress(double fraction, const char *status);
extern int64 cj_worker_my_job(void);

#endif							/* CJ_WORKER_H */
