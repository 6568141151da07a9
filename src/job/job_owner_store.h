/*-------------------------------------------------------------------------
 *
 * job_owner_store.h
 *	  Jobs whose owner hands over or gives up what it owns.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_owner_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_OWNER_STORE_H
#define CJ_JOB_OWNER_STORE_H

extern int	cj_job_owner_store_reassign(Oid from, Oid to, bool hold);
extern int	cj_job_owner_store_drop(Oid owner);

#endif							/* CJ_JOB_OWNER_STORE_H */
