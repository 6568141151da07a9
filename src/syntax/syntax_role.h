/*-------------------------------------------------------------------------
 *
 * syntax_role.h
 *	  CONTROLJOB and VIEWJOB in statements about roles.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_role.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_ROLE_H
#define CJ_SYNTAX_ROLE_H

#include "nodes/plannodes.h"

extern List *cj_role_statements(const PlannedStmt *statement, const char **tag,
								const char **servers_tag);

#endif							/* CJ_SYNTAX_ROLE_H */
