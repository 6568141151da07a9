/*-------------------------------------------------------------------------
 *
 * worker_session.h
 *	  The session of a worker: what one job must not leave to the next.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_session.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_SESSION_H
#define CJ_WORKER_SESSION_H

extern void cj_worker_session_start(void);
extern bool cj_worker_session_outdated(void);
extern void cj_worker_session_name(const char *name);
extern void cj_worker_session_discard(void);
extern void cj_worker_session_trim(void);

#endif							/* CJ_WORKER_SESSION_H */
