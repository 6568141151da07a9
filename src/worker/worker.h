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
	double		server_fraction;	/* else the server's; negative: none */
	char		status[CJ_STATUS_LENGTH];	/* empty: not told */
} CjLiveJob;

/* What another room does in each turn of a coordinator, outside a transaction. */
typedef struct CjTurnPart
{
	/*
	 * Do what there is to do.  Returns the milliseconds until there is more,
	 * -1 if there is none, and sets *awaits_end if it is to be called when a
	 * job has come to its end.
	 */
	long		(*run) (bool *awaits_end);

	/*
	 * When that is, in a transaction, with nothing done.  NULL for what can
	 * wait until something changes.
	 */
	long		(*due) (void);
} CjTurnPart;

extern void cj_worker_add_turn_part(const CjTurnPart *part);
extern void cj_worker_init(void);
extern int	cj_worker_live_jobs(CjLiveJob **jobs);
extern bool cj_worker_report_progress(double fraction, const char *status);
extern int64 cj_worker_my_job(void);

#endif							/* CJ_WORKER_H */
