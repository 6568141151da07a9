/*-------------------------------------------------------------------------
 *
 * job_owner_store.h
 *	  Jobs that change hands, or whose owner gives up what it owns.
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

extern const char *cj_job_owner_name(Oid owner);
extern int	cj_job_owner_store_reassign(Oid from, Oid to, bool hold);
extern int	cj_job_owner_store_reassign_one(int64 id, Oid from, Oid to,
											bool hold);
extern Oid	cj_job_owner_store_read(int64 id, bool *finished);
extern bool cj_job_owner_store_lock(int64 id, Oid owner);
extern int	cj_job_owner_store_drop(Oid owner);

#endif							/* CJ_JOB_OWNER_STORE_H */
