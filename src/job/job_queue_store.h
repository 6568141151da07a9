/*-------------------------------------------------------------------------
 *
 * job_queue_store.h
 *	  What the unfinished jobs wait for.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_queue_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_QUEUE_STORE_H
#define CJ_JOB_QUEUE_STORE_H

/*
 * SET clause for a row of jobs.queue whose job no worker has any more: it has
 * to get hold of its exclusive key anew.
 */
#define CJ_QUEUE_UNCLAIM \
	"claimed = false, blocked = CASE WHEN exclusive_key IS NOT NULL THEN 'exclusive' END"

/* What is in the queue. */
typedef struct CjQueueLook
{
	bool		ready;			/* a job that can be claimed */
	bool		exclusive;		/* one that waits for its exclusive key */
	bool		dependency;		/* one that waits for another */
	long		next_run;		/* milliseconds until one becomes due; -1:
								 * none */
} CjQueueLook;

extern bool cj_job_queue_settle(const int64 *ids, int nids);
extern bool cj_job_queue_is_empty(void);
extern void cj_job_queue_look(CjQueueLook *look);
extern void cj_job_queue_ripen(void);
extern void cj_job_queue_admit_exclusive(void);
extern void cj_job_queue_resolve_dependencies(void);
extern void cj_job_queue_fail_ownerless(bool login_needed);
extern bool cj_job_queue_cancel_copies(void);

#endif							/* CJ_JOB_QUEUE_STORE_H */
