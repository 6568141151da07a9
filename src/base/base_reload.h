/*-------------------------------------------------------------------------
 *
 * base_reload.h
 *	  Making the whole server take a changed configuration over.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_reload.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_RELOAD_H
#define CJ_BASE_RELOAD_H

extern void cj_reload_everywhere(void);

#endif							/* CJ_BASE_RELOAD_H */
