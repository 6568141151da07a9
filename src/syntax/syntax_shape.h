/*-------------------------------------------------------------------------
 *
 * syntax_shape.h
 *	  The operands of statements of ours, and nodes that are made of them.
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

extern ResTarget *cj_shape_target(Node *value);
extern Node *cj_shape_string(const char *value, int location);
extern Node *cj_shape_cast(Node *value, const char *type);
extern Node *cj_shape_text(const char *value, int location);
extern FuncCall *cj_shape_call(const char *function, List *arguments,
							   int location);
extern Node *cj_shape_array(SelectStmt *query, int location);
extern Node *cj_shape_select(const char *function, List *arguments,
							 const char *alias, int location);
extern Node *cj_shape_expression(Node *statement, int begin, int end,
								 const char *str);
extern Node *cj_shape_operand(Node *statement, const CjMark *mark,
							  const char *str);

#endif							/* CJ_SYNTAX_SHAPE_H */
