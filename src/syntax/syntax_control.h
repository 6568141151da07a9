/*-------------------------------------------------------------------------
 *
 * syntax_control.h
 *	  CANCEL, PAUSE and RESUME statements, as PostgreSQL carries them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_control.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_CONTROL_H
#define CJ_SYNTAX_CONTROL_H

#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "parser/parse_node.h"
#include "utils/queryenvironment.h"

#include "job/job_control.h"

extern const char *cj_control_tag(CjControlVerb verb);
extern const char *cj_control_portal_name(CjControlVerb verb);
extern bool cj_control_is_ours(Node *statement, CjControlVerb *verb);
extern void cj_control_check_columns(ParseState *pstate,
									 DeclareCursorStmt *statement,
									 CjControlVerb verb);
extern int64 cj_control_run(const PlannedStmt *statement, CjControlVerb verb,
							const char *str, ParamListInfo params,
							QueryEnvironment *environment);

#endif							/* CJ_SYNTAX_CONTROL_H */
