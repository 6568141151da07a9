/*-------------------------------------------------------------------------
 *
 * job_crdb_compat.h
 *	  The schema crdb_internal, for who asks for it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_crdb_compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_CRDB_COMPAT_H
#define CJ_JOB_CRDB_COMPAT_H

extern void cj_crdb_compat_install(void);
extern void cj_crdb_compat_uninstall(void);

#endif							/* CJ_JOB_CRDB_COMPAT_H */
