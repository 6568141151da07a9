/*-------------------------------------------------------------------------
 *
 * worker_checkpoint.h
 *	  Commits in the middle of a job's work.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_checkpoint.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_CHECKPOINT_H
#define CJ_WORKER_CHECKPOINT_H

#include "job/job.h"

extern void cj_worker_run_deferred(void);
extern void cj_worker_save_checkpoint(CjJob *job, const Jsonb *checkpoint);
extern void cj_worker_commit(CjJob *job);

#endif							/* CJ_WORKER_CHECKPOINT_H */
