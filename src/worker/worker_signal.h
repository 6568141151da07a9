/*-------------------------------------------------------------------------
 *
 * worker_signal.h
 *	  How a committed request reaches the worker that has the job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_signal.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_SIGNAL_H
#define CJ_WORKER_SIGNAL_H

extern void cj_worker_signal_init(void);
extern long cj_worker_enforce_requests(void);
extern int	cj_worker_slots_leave(Oid database, bool busy_too);

#endif							/* CJ_WORKER_SIGNAL_H */
