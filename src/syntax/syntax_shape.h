/*-------------------------------------------------------------------------
 *
 * syntax_shape.h
 *	  Whether the operand of a statement of ours is what it must be.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_shape.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_SHAPE_H
#define CJ_SYNTAX_SHAPE_H

#include "nodes/parsenodes.h"

#include "syntax/syntax_mask.h"

extern SelectStmt *cj_shape_operand(Node *statement, const CjMark *mark,
									const char *str);

#endif							/* CJ_SYNTAX_SHAPE_H */
