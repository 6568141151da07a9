/*-------------------------------------------------------------------------
 *
 * syntax_role_name.h
 *	  The names of roles in statements of ours.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_role_name.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_ROLE_NAME_H
#define CJ_SYNTAX_ROLE_NAME_H

#include "nodes/pg_list.h"

extern List *cj_role_name_list(const char *str, int begin, int end);

#endif							/* CJ_SYNTAX_ROLE_NAME_H */
