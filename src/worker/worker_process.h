/*-------------------------------------------------------------------------
 *
 * worker_process.h
 *	  What our processes have in common for the postmaster.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_process.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_PROCESS_H
#define CJ_WORKER_PROCESS_H

#include "postmaster/bgworker.h"

extern void cj_process_describe(BackgroundWorker *worker, const char *function,
								const char *type);
extern void cj_process_unblock_signals(void);

#endif							/* CJ_WORKER_PROCESS_H */
