/*-------------------------------------------------------------------------
 *
 * syntax_translate.h
 *	  From a text with statements of ours to parse trees.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_translate.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_TRANSLATE_H
#define CJ_SYNTAX_TRANSLATE_H

#include "nodes/nodes.h"
#include "parser/parser.h"

#include "syntax/syntax_mask.h"

extern List *cj_translate(const char *str, int len, const CjMask *mask,
						  RawParseMode mode);
extern Node *cj_translate_expression(const char *str, int begin, int end);

#endif							/* CJ_SYNTAX_TRANSLATE_H */
