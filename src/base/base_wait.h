/*-------------------------------------------------------------------------
 *
 * base_wait.h
 *	  Waiting, and the wait events of our processes.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_wait.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_WAIT_H
#define CJ_BASE_WAIT_H

typedef enum CjWait
{
	CJ_WAIT_LAUNCHER,
	CJ_WAIT_COORDINATOR,
	CJ_WAIT_WORKER,
	CJ_WAIT_DATABASE,
	CJ_WAIT_PAUSEPOINT,
	CJ_WAIT_JOBS,
	CJ_WAIT_RELOAD
} CjWait;

extern long cj_shorter(long timeout, long other);
extern void cj_wait_interrupts(CjWait wait);
extern void cj_wait_reload(void);
extern void cj_wait(CjWait wait, long timeout);
extern void cj_wait_latch(CjWait wait, long timeout);

#endif							/* CJ_BASE_WAIT_H */
