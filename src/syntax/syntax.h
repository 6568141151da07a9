/*-------------------------------------------------------------------------
 *
 * syntax.h
 *	  Native statements of our own on an unpatched server.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_H
#define CJ_SYNTAX_H

extern void cj_syntax_init(void);

#endif							/* CJ_SYNTAX_H */
