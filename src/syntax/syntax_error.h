/*-------------------------------------------------------------------------
 *
 * syntax_error.h
 *	  Syntax errors of our own, in the words of the parser.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_error.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_ERROR_H
#define CJ_SYNTAX_ERROR_H

#include "compat.h"

pg_noreturn extern void cj_syntax_error_at(const char *str, int offset);
extern int	cj_syntax_position(const char *str, int offset);
extern int	cj_syntax_offset(const char *str, int position);

#endif							/* CJ_SYNTAX_ERROR_H */
