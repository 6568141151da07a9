/*-------------------------------------------------------------------------
 *
 * syntax_parameter.h
 *	  Statements of ours that PostgreSQL takes for SHOW of a parameter.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_parameter.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_PARAMETER_H
#define CJ_SYNTAX_PARAMETER_H

#include "nodes/parsenodes.h"
#include "parser/parse_node.h"

extern void cj_parameter_translate(ParseState *pstate, Query *query);
extern const char *cj_parameter_tag(Node *statement);
extern bool cj_parameter_is_dropped_by(Node *statement);
extern void cj_parameter_refresh(void);

#endif							/* CJ_SYNTAX_PARAMETER_H */
