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

#include "job/job_control.h"

typedef enum CjMarkKind
{
	CJ_MARK_CONTROL,			/* CANCEL JOB, PAUSE JOBS, ... */
	CJ_MARK_SHOW,				/* SHOW JOB expr, SHOW JOBS query */
	CJ_MARK_SOURCE				/* [SHOW JOBS] where a table can stand */
} CjMarkKind;

/*
 * A statement or row source of ours in a text, by byte offsets.
 */
typedef struct CjMark
{
	CjMarkKind	kind;
	CjControlVerb verb;			/* of a CONTROL mark */
	bool		single;			/* JOB and an expression, not JOBS and a query */
	bool		complete;		/* of a SHOW or SOURCE mark: WHEN COMPLETE */
	int			start;
	int			operand;		/* where the expression or query begins */
	int			end;			/* behind the last byte; a statement's ";" is
								 * not part of it */
	bool		placed;			/* of a SOURCE mark: found in the parse tree */
} CjMark;

typedef struct CjMask
{
	char	   *str;			/* as long as the original, byte by byte */
	List	   *marks;			/* of CjMark, in the order of the text */
} CjMask;

extern bool cj_mask_is_candidate(const char *str, int len);
extern void cj_mask_text(CjMask *mask, const char *str, int len);

#endif							/* CJ_SYNTAX_MASK_H */
