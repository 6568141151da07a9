/*-------------------------------------------------------------------------
 *
 * job_recent_store.h
 *	  How the jobs that a user may see are found for SHOW JOBS.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_recent_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_RECENT_STORE_H
#define CJ_JOB_RECENT_STORE_H

extern int	cj_job_find_recent(int64 **ids);

#endif							/* CJ_JOB_RECENT_STORE_H */
