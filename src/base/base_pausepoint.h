/*-------------------------------------------------------------------------
 *
 * base_pausepoint.h
 *	  Points at which a test can hold a process.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_pausepoint.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_PAUSEPOINT_H
#define CJ_BASE_PAUSEPOINT_H

extern void cj_pausepoint(const char *name);

#endif							/* CJ_BASE_PAUSEPOINT_H */
