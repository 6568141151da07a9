/*-------------------------------------------------------------------------
 *
 * worker_ahead.h
 *	  Jobs that are claimed for workers which are about to be done.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_ahead.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_AHEAD_H
#define CJ_WORKER_AHEAD_H

#include "job/job_claim_store.h"
#include "worker/worker_slot.h"

/* For a worker. */
extern void cj_ahead_announce(CjWorkerSlot *slot);
extern bool cj_ahead_advance(CjWorkerSlot *slot);

/* For the coordinator. */
extern bool cj_ahead_is_possible(const CjWorkerSlot *slot);
extern void cj_ahead_give(CjWorkerSlot *slot, const CjJobClaim *claim);
extern int	cj_ahead_take_back(CjJobClaim *claims);
extern long cj_ahead_timeout(void);

#endif							/* CJ_WORKER_AHEAD_H */
