/*-------------------------------------------------------------------------
 *
 * syntax_source.h
 *	  Row sources of ours in the place of tables.
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

/* Makes the node for a row source of ours. */
typedef Node *(*CjMakeSource) (const CjMark *mark, Alias *alias,
							   const char *str);

extern void cj_source_replace(List *statements, const CjMask *mask,
							  const char *str, CjMakeSource make);

#endif							/* CJ_SYNTAX_SOURCE_H */
