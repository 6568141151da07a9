/*-------------------------------------------------------------------------
 *
 * syntax_source.h
 *	  Row sources of ours in the place of tables, and in WITH.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_source.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_SOURCE_H
#define CJ_SYNTAX_SOURCE_H

#include "nodes/parsenodes.h"

#include "syntax/syntax_mask.h"

/* Make the nodes for row sources of ours. */
typedef struct CjSourceMakers
{
	Node	   *(*source) (const CjMark *mark, Alias *alias, const char *str);
	Node	   *(*cte) (const CjMark *mark, CommonTableExpr *cte,
						const char *str);
} CjSourceMakers;

extern void cj_source_replace(List *statements, const CjMask *mask,
							  const char *str, const CjSourceMakers *makers);

#endif							/* CJ_SYNTAX_SOURCE_H */
