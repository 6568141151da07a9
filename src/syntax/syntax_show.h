/*-------------------------------------------------------------------------
 *
 * syntax_show.h
 *	  SHOW JOBS, which PostgreSQL takes for a parameter.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_show.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_SHOW_H
#define CJ_SYNTAX_SHOW_H

#include "nodes/parsenodes.h"

extern void cj_show_translate(Query *query);
extern bool cj_show_is_ours(Node *statement);
extern void cj_show_check(void);
extern bool cj_show_is_dropped_by(Node *statement);
extern void cj_show_refresh(void);

#endif							/* CJ_SYNTAX_SHOW_H */
