/*-------------------------------------------------------------------------
 *
 * base_parse.h
 *	  Checking a text that holds SQL statements.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_parse.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_PARSE_H
#define CJ_BASE_PARSE_H

#include "nodes/pg_list.h"

extern void cj_parse_check(const char *str, const char *what,
						   void (*check) (const char *str, List *statements));

#endif							/* CJ_BASE_PARSE_H */
