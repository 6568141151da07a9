/*-------------------------------------------------------------------------
 *
 * privilege_job.h
 *	  Who may see and control a job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/privilege/privilege_job.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_PRIVILEGE_JOB_H
#define CJ_PRIVILEGE_JOB_H

extern bool cj_privilege_may_see(Oid job_owner);
extern void cj_privilege_check_control(Oid roleid, int64 job_id,
									   Oid job_owner);

#endif							/* CJ_PRIVILEGE_JOB_H */
