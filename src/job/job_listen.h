/*-------------------------------------------------------------------------
 *
 * job_listen.h
 *	  Whether a session of this database listens to what becomes of jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_listen.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_LISTEN_H
#define CJ_JOB_LISTEN_H

/* The channel on which changes of jobs are notified. */
#define CJ_LISTEN_CHANNEL "jobs"

extern void cj_listen_init(void);
extern bool cj_listen_look(void);
extern void cj_listen_looked(void);

#endif							/* CJ_JOB_LISTEN_H */
