/*-------------------------------------------------------------------------
 *
 * syntax_statistics.h
 *	  CREATE STATISTICS in CockroachDB's meaning, where PostgreSQL has none.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_statistics.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_STATISTICS_H
#define CJ_SYNTAX_STATISTICS_H

#include "tcop/utility.h"

/* What is to be analyzed after a CREATE STATISTICS of PostgreSQL's. */
typedef struct CjStatisticsPlan
{
	RangeVar   *table;			/* NULL: nothing */
	List	   *columns;		/* names; NIL: all */
} CjStatisticsPlan;

extern bool cj_statistics_is_ours(const Node *statement);
extern void cj_statistics_run(const CreateStatsStmt *statement,
							  ProcessUtilityContext context);
extern void cj_statistics_plan(const Node *statement, ProcessUtilityContext context,
							   CjStatisticsPlan *plan);
extern void cj_statistics_analyze(const CjStatisticsPlan *plan);

#endif							/* CJ_SYNTAX_STATISTICS_H */
