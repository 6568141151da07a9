/*-------------------------------------------------------------------------
 *
 * job_owner.h
 *	  Jobs that change hands: ALTER JOB, REASSIGN OWNED, DROP OWNED.
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

/* What else has owners and follows jobs: handed over, paused with "hold"; dropped. */
typedef struct CjOwnerFollower
{
	void		(*reassign) (Oid from, Oid to, bool hold);
	void		(*drop) (Oid owner);
} CjOwnerFollower;

extern void cj_job_owner_set_follower(const CjOwnerFollower *follower);
extern void cj_job_owner_init(void);
extern void cj_job_owner_alter(int64 id, Oid to);

#endif							/* CJ_JOB_OWNER_H */
