/*-------------------------------------------------------------------------
 *
 * syntax_with.h
 *	  Where the queries of WITH begin.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_with.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_WITH_H
#define CJ_SYNTAX_WITH_H

#include "syntax/syntax_reader.h"

typedef enum CjWithStep
{
	CJ_WITH_NONE,
	CJ_WITH_NAME,				/* a name comes next */
	CJ_WITH_AS,					/* AS, or a list of columns */
	CJ_WITH_COLUMNS,			/* in that list */
	CJ_WITH_QUERY,				/* the query's parenthesis */
	CJ_WITH_END					/* a comma, if there is one more */
} CjWithStep;

typedef struct CjWith
{
	CjWithStep	step;
	int			name;			/* where the name begins */
	bool		after_close;	/* WITH stood behind a parenthesis */
	bool		closed;			/* the token before closed one */
	bool	   *queries;		/* for each open parenthesis: a query's? */
	int			capacity;
} CjWith;

extern bool cj_with_follow(CjWith *with, CjReader *reader);

#endif							/* CJ_SYNTAX_WITH_H */
