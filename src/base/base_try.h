/*-------------------------------------------------------------------------
 *
 * base_try.h
 *	  Doing something whose failure must not stop the rest.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_try.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_TRY_H
#define CJ_BASE_TRY_H

extern ErrorData *cj_try(void (*action) (void *arg), void *arg);

#endif							/* CJ_BASE_TRY_H */
