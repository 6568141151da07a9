/*-------------------------------------------------------------------------
 *
 * job_owner.h
 *	  What REASSIGN OWNED and DROP OWNED do to jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_owner.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_OWNER_H
#define CJ_JOB_OWNER_H

extern void cj_job_owner_init(void);

#endif							/* CJ_JOB_OWNER_H */
