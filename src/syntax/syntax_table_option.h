/*-------------------------------------------------------------------------
 *
 * syntax_table_option.h
 *	  Options of tables that PostgreSQL has not, where it has its own.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_table_option.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_TABLE_OPTION_H
#define CJ_SYNTAX_TABLE_OPTION_H

#include "tcop/utility.h"

/* What cj_table_option_take() has taken out of a statement. */
typedef struct CjTakenOptions
{
	RangeVar   *table;			/* NULL: nothing */
	Oid			schema;			/* of CREATE TABLE */
	List	   *set;			/* of DefElem */
	List	   *reset;
	bool		missing_ok;
} CjTakenOptions;

extern PlannedStmt *cj_table_option_take(PlannedStmt *pstmt, const char *query,
										 CjTakenOptions *taken);
extern void cj_table_option_apply(const CjTakenOptions *taken);

#endif							/* CJ_SYNTAX_TABLE_OPTION_H */
