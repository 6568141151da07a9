/*-------------------------------------------------------------------------
 *
 * privilege_job.h
 *	  Who may see, control and hand over a job.
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

/* A role, and what it may do with the jobs and schedules of others. */
typedef struct CjPrivileges
{
	Oid			roleid;
	bool		known;			/* have the others been read? */
	bool		see_all;		/* VIEWJOB or CONTROLJOB, or a superuser */
	bool		control_all;	/* CONTROLJOB */
	bool		repair_all;		/* REPAIRCLUSTER: schedules, and no jobs */
} CjPrivileges;

extern void cj_privilege_begin(CjPrivileges *privileges, Oid roleid);
extern void cj_privilege_read(CjPrivileges *privileges);
extern bool cj_privilege_may_see_all(CjPrivileges *privileges);
extern bool cj_privilege_may_see(CjPrivileges *privileges, Oid job_owner);
extern bool cj_privilege_has_controljob(CjPrivileges *privileges);
extern bool cj_privilege_may_control(CjPrivileges *privileges, Oid job_owner,
									 bool held);
extern void cj_privilege_check_control(Oid roleid, int64 job_id,
									   Oid job_owner, bool held);
extern void cj_privilege_check_transfer(Oid roleid, Oid from, Oid to);

#endif							/* CJ_PRIVILEGE_JOB_H */
