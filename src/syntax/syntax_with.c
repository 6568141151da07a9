/*-------------------------------------------------------------------------
 *
 * syntax_with.c
 *	  Where the queries of WITH begin.
 *
 * AS ( stands elsewhere too, before names and types of columns: what is ours in a
 * query is none there.  So this follows WITH from name to name.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_with.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "syntax/syntax_with.h"

/*
 * Note whether the parenthesis at the current token opens a query.
 */
static void
note_open(CjWith *with, int depth, bool query)
{
	if (depth >= with->capacity)
	{
		int			capacity = Max(64, 2 * depth);

		if (with->queries == NULL)
			with->queries = palloc_extended(capacity, MCXT_ALLOC_HUGE);
		else
			with->queries = repalloc_huge(with->queries, capacity);
		memset(with->queries + with->capacity, 0, capacity - with->capacity);
		with->capacity = capacity;
	}
	with->queries[depth] = query;
}

/*
 * Was the parenthesis at this depth, which has been closed, that of a query?
 * Forgets it: not every parenthesis that opens comes by here.
 */
static bool
take_query(CjWith *with, int depth)
{
	bool		query;

	if (depth >= with->capacity)
		return false;
	query = with->queries[depth];
	with->queries[depth] = false;
	return query;
}

/*
 * The step that a word, quoted or not, leads to.
 */
static CjWithStep
step_at_word(CjWith *with, CjReader *reader)
{
	switch (with->step)
	{
		case CJ_WITH_NAME:
			if (cj_reader_has_word(reader, 0, "recursive"))
				return CJ_WITH_NAME;
			/* FROM f() WITH ORDINALITY AS (..) */
			if (with->after_close && cj_reader_has_word(reader, 0, "ordinality"))
				return CJ_WITH_NONE;
			with->name = cj_reader_peek(reader, 0).start;
			return CJ_WITH_AS;
		case CJ_WITH_AS:
			return cj_reader_has_word(reader, 0, "as") ? CJ_WITH_QUERY : CJ_WITH_NONE;
		case CJ_WITH_COLUMNS:
			return CJ_WITH_COLUMNS;
		case CJ_WITH_QUERY:
			if (cj_reader_has_word(reader, 0, "not") ||
				cj_reader_has_word(reader, 0, "materialized"))
				return CJ_WITH_QUERY;
			return CJ_WITH_NONE;
		default:
			return CJ_WITH_NONE;
	}
}

/*
 * Look at the reader's current token.  Returns whether it is the parenthesis
 * in which a query of a WITH begins; with->name is then where its name is.
 *
 * To be called for every token, in a CjWith that was zeroed at the beginning.
 */
bool
cj_with_follow(CjWith *with, CjReader *reader)
{
	CjToken		token = cj_reader_peek(reader, 0);
	bool		closed = with->closed;
	bool		query = false;

	with->closed = token.symbol == ')' || token.symbol == ']';
	if (with->closed)
	{
		/* the depth is the one that has been left */
		bool		was_query = take_query(with, reader->depth + 1);

		if (with->step == CJ_WITH_COLUMNS)
			with->step = CJ_WITH_AS;
		else
			with->step = was_query ? CJ_WITH_END : CJ_WITH_NONE;
	}
	else if (token.symbol == '(' || token.symbol == '[')
	{
		query = token.symbol == '(' && with->step == CJ_WITH_QUERY;
		note_open(with, reader->depth, query);
		with->step = with->step == CJ_WITH_AS ? CJ_WITH_COLUMNS : CJ_WITH_NONE;
	}
	else if (token.symbol == ',')
	{
		if (with->step == CJ_WITH_END)
		{
			with->step = CJ_WITH_NAME;
			with->after_close = false;
		}
		else if (with->step != CJ_WITH_COLUMNS)
			with->step = CJ_WITH_NONE;
	}
	else if (token.symbol != 0)
		with->step = CJ_WITH_NONE;
	else if (with->step != CJ_WITH_COLUMNS && cj_reader_has_word(reader, 0, "with"))
	{
		with->step = CJ_WITH_NAME;
		with->after_close = closed;
	}
	else
		with->step = step_at_word(with, reader);
	return query;
}
