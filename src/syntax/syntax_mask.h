/*-------------------------------------------------------------------------
 *
 * syntax_mask.h
 *	  A text with statements of ours, made into one that PostgreSQL parses.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_mask.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_MASK_H
#define CJ_SYNTAX_MASK_H

#include "nodes/pg_list.h"

struct CjFamily;

/* Where a statement of ours stands. */
typedef enum CjPlace
{
	CJ_PLACE_STATEMENT,			/* by itself */
	CJ_PLACE_EXPLAIN,			/* EXPLAIN .. */
	CJ_PLACE_PREPARE,			/* PREPARE name AS .. */
	CJ_PLACE_CTE,				/* WITH name AS (..) */
	CJ_PLACE_SOURCE				/* [..] where a table can stand */
} CjPlace;

/* What stands behind the words of a statement. */
typedef enum CjShape
{
	CJ_SHAPE_NOTHING,
	CJ_SHAPE_EXPRESSION,		/* as in CANCEL JOB expression */
	CJ_SHAPE_QUERY,				/* as in CANCEL JOBS query */
	CJ_SHAPE_STATEMENT			/* the words stay: PostgreSQL knows the
								 * statement but for clauses of ours */
} CjShape;

/* A clause of ours at the end of a statement, by byte offsets. */
typedef struct CjClause
{
	int			kind;			/* what the family says it is */
	int			start;
	int			value;			/* where its value begins */
	int			end;
} CjClause;

/* A statement of ours in a text, by byte offsets. */
typedef struct CjMark
{
	const struct CjFamily *family;
	int			form;			/* which of the family's statements */
	CjShape		shape;
	CjPlace		place;
	bool		rows;			/* it returns rows, and so can be a row source */
	const char *command;		/* the command that it is, if it is one */
	int			start;
	int			name;			/* of a CTE: where its name begins */
	int			detail;			/* if the family has put something aside:
								 * where it begins */
	int			operand;		/* where the expression or query begins */
	int			end;			/* behind the last byte; a statement's ";", or
								 * a CTE's ")", is not part of it */
	int			error;			/* where a syntax error is known to be, or -1 */
	List	   *clauses;		/* of CjClause */
	bool		placed;			/* of a CTE or source: found in the parse tree */
} CjMark;

typedef struct CjMask
{
	char	   *str;			/* as long as the original, byte by byte */
	List	   *marks;			/* of CjMark, in the order of the text */
} CjMask;

extern bool cj_mask_is_candidate(const char *str, int len);
extern void cj_mask_text(CjMask *mask, const char *str, int len);
extern void cj_mask_inside(CjMask *mask, const char *str, int len);

#endif							/* CJ_SYNTAX_MASK_H */
