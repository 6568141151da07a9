/*-------------------------------------------------------------------------
 *
 * job_event.h
 *	  What becomes of jobs, told at commit.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_event.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_EVENT_H
#define CJ_JOB_EVENT_H

#include "base/base_store.h"
#include "job/job_state.h"

/*
 * A change of a job's state, or a failed attempt after which the state is the
 * same and the job will run again.
 */
typedef struct CjJobEvent
{
	int64		job_id;
	const char *job_type;
	CjJobState	state;			/* the new one */
	bool		retried;		/* an attempt failed; state has not changed */
	bool		resumed;		/* RUNNING again after a pause, not started */
	bool		released;		/* PENDING again: nothing had been started */
	bool		of_schedule;	/* not the job's change, but a schedule's run */
	double		seconds;		/* the attempt that has ended ran for; else 0 */
} CjJobEvent;

extern void cj_job_event_init(void);
extern void cj_job_event_add(const CjJobEvent *event);
extern void cj_job_event_add_rows(CjStoreScope *scope, uint64 nrows);
extern void cj_job_event_add_locked(int64 job_id);
extern void cj_job_event_add_run(const char *job_type, CjJobState state);
extern int64 cj_job_event_find(const int64 *ids, int nids, bool *submitted);

#endif							/* CJ_JOB_EVENT_H */
