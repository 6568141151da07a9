/*-------------------------------------------------------------------------
 *
 * worker_pool.h
 *	  The worker processes of a database: found, started, told to leave.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_pool.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_POOL_H
#define CJ_WORKER_POOL_H

#include "job/job_claim_store.h"

/* What became of a claim. */
typedef enum CjPoolAnswer
{
	CJ_POOL_ASSIGNED,
	CJ_POOL_NO_PLACE,			/* a worker was not done that it was for */
	CJ_POOL_NO_PROCESS
} CjPoolAnswer;

extern void cj_pool_check_started(void);
extern CjPoolAnswer cj_pool_assign(const CjJobClaim *claim);
extern bool cj_pool_evict_idle(void);
extern bool cj_pool_is_full(void);
extern const CjJobShare *cj_pool_owner_shares(int *nshares);
extern int	cj_pool_count_type(const char *type);
extern void cj_pool_shrink(void);

#endif							/* CJ_WORKER_POOL_H */
