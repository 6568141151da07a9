/*-------------------------------------------------------------------------
 *
 * syntax_availability.h
 *	  Whether statements of ours can be used here, and why not.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_availability.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_AVAILABILITY_H
#define CJ_SYNTAX_AVAILABILITY_H

extern void cj_availability_set_works(bool works);
extern char *cj_availability_hint(const char *function);

#endif							/* CJ_SYNTAX_AVAILABILITY_H */
