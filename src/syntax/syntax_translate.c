/*-------------------------------------------------------------------------
 *
 * syntax_translate.c
 *	  From a text with statements of ours to parse trees.
 *
 * The masked text is parsed by raw_parser(); in its result, the statements that
 * the marks point to become nodes that PostgreSQL knows, which their families
 * make.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_translate.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"

#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_source.h"
#include "syntax/syntax_translate.h"

static Node *make_source(const CjMark *mark, Alias *alias, const char *str);
static Node *make_cte(const CjMark *mark, CommonTableExpr *cte,
					  const char *str);
static void translate_statements(List *statements, const CjMask *mask,
								 const char *str, int len);

/*
 * Blank the beginning of a text, of "len" bytes, by a comment.  It has the
 * same bytes and characters as before, so that positions behind it stay: the
 * multi-byte characters come first in the comment, the other bytes, at least
 * those of "FROM [", become its signs and blanks.
 */
static void
blank_beginning(char *str, int len)
{
	char	   *to = str;
	int			n;

	if (len < 4)
	{
		memset(str, ' ', len);
		return;
	}
	for (int at = 0; at < len; at += n)
	{
		n = Min(pg_mblen(str + at), len - at);
		if (n == 1)
			continue;
		memmove(to, str + at, n);
		/* in a text that is not valid, anything */
		for (int i = 1; i < n; i++)
			to[i] |= 0x80;
		to += n;
	}
	/* "/" and "*" go before the characters, which end 4 bytes early or more */
	if (to > str + len - 4)
		to = str + len - 4;
	memmove(str + 2, str, to - str);
	memcpy(str, "/*", 2);
	memset(to + 2, ' ', str + len - to - 4);
	memcpy(str + len - 2, "*/", 2);
}

/*
 * The row source at whose mask the current error is, NULL if it is elsewhere.
 */
static const CjMark *
find_failed_source(const char *str, const CjMask *mask)
{
	int			offset;
	ListCell   *lc;

	if (geterrcode() != ERRCODE_SYNTAX_ERROR)
		return NULL;

	offset = cj_syntax_offset(str, Max(geterrposition(), getinternalerrposition()));
	foreach(lc, mask->marks)
	{
		const CjMark *mark = lfirst(lc);

		if (mark->place == CJ_PLACE_SOURCE && mark->start == offset)
			return mark;
	}
	return NULL;
}

/*
 * Parse a masked text.  An error at the mask of a row source, a name that is
 * not in the text, becomes one at the source.
 */
static List *
parse_masked(const char *str, const CjMask *mask, RawParseMode mode)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *volatile statements = NIL;

	PG_TRY();
	{
		statements = raw_parser(mask->str, mode);
	}
	PG_CATCH();
	{
		const CjMark *failed = find_failed_source(str, mask);

		if (failed == NULL)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		cj_syntax_error_at(str, failed->start);
	}
	PG_END_TRY();

	return statements;
}

/*
 * Put what the marks mean into the place of what the parser made of them.
 */
static void
replace_marked(List *statements, const CjMask *mask, const char *str, int len)
{
	static const CjSourceMakers makers = {make_source, make_cte};

	cj_source_replace(statements, mask, str, &makers);
	translate_statements(statements, mask, str, len);
}

/*
 * The node for a statement of ours, of which the parser made "parsed".
 */
static Node *
make_node(const CjMark *mark, Node *parsed, const char *str)
{
	return mark->family->make(mark, cj_shape_operand(parsed, mark, str), str);
}

/*
 * Raise the syntax error that is known from the mask, if there is one.
 */
static void
check_marks(const CjMask *mask, const char *str)
{
	ListCell   *lc;

	foreach(lc, mask->marks)
	{
		const CjMark *mark = lfirst(lc);

		if (mark->error >= 0)
			cj_syntax_error_at(str, mark->error);
	}
}

/*
 * What stands in a stretch of a text, parsed by itself, with all that stands
 * before it blank: positions are those of the text.  Needs 4 bytes that are
 * ASCII before it.
 */
static List *
parse_stretch(const char *str, int begin, int end)
{
	char	   *inside = MemoryContextAllocHuge(CurrentMemoryContext, (Size) end + 1);
	CjMask		mask;
	List	   *statements;

	memcpy(inside, str, end);
	inside[end] = '\0';
	blank_beginning(inside, begin);
	cj_mask_inside(&mask, inside, end);
	pfree(inside);
	check_marks(&mask, str);
	statements = parse_masked(str, &mask, RAW_PARSE_DEFAULT);
	/* Others may be in there, each nearly as long as the text. */
	pfree(mask.str);
	replace_marked(statements, &mask, str, end);
	return statements;
}

/*
 * An expression in a stretch of a text, parsed by itself as parse_stretch()
 * does: for the value of a clause, say.  Raises the parser's errors.
 */
Node *
cj_translate_expression(const char *str, int begin, int end)
{
	char	   *inside = MemoryContextAllocHuge(CurrentMemoryContext, (Size) end + 1);
	List	   *statements;

	memcpy(inside, str, end);
	inside[end] = '\0';
	blank_beginning(inside, begin);
	statements = raw_parser(inside, RAW_PARSE_PLPGSQL_EXPR);
	pfree(inside);
	return cj_shape_expression(linitial_node(RawStmt, statements)->stmt,
							   begin, end, str);
}

/*
 * The table function that a query selects everything from, and nothing else;
 * NULL if it is none.
 */
static RangeFunction *
only_function(const SelectStmt *query)
{
	if (list_length(query->fromClause) != 1 ||
		!IsA(linitial(query->fromClause), RangeFunction))
		return NULL;
	return linitial(query->fromClause);
}

/*
 * A row source by itself, [SHOW JOBS], or NULL.  Its function can stand in the
 * place of the table.
 */
static Node *
make_simple_source(const CjMark *mark, Alias *alias, const char *str)
{
	SelectStmt *query;
	RangeFunction *function;

	if (mark->shape != CJ_SHAPE_NOTHING || mark->operand != mark->end - 1 ||
		mark->error >= 0)
		return NULL;
	query = castNode(SelectStmt, mark->family->make(mark, NULL, str));
	function = only_function(query);
	if (function != NULL && alias != NULL)
		function->alias = alias;
	return (Node *) function;
}

/*
 * CjSourceMakers: what stands in the brackets, parsed by itself.
 */
static Node *
make_source(const CjMark *mark, Alias *alias, const char *str)
{
	RangeSubselect *source;
	List	   *statements;
	Node	   *simple = make_simple_source(mark, alias, str);

	if (simple != NULL)
		return simple;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	statements = parse_stretch(str, mark->start + 1, mark->end - 1);
	if (list_length(statements) != 1)
		cj_syntax_error_at(str, mark->operand);

	source = makeNode(RangeSubselect);
	source->subquery = linitial_node(RawStmt, statements)->stmt;
	source->alias = alias != NULL ? alias : makeAlias("show_jobs", NIL);
	return (Node *) source;
}

/*
 * CjSourceMakers: a statement of ours in WITH, which has been parsed in its
 * place.  One without rows is refused in CockroachDB's words.
 */
static Node *
make_cte(const CjMark *mark, CommonTableExpr *cte, const char *str)
{
	Node	   *node = make_node(mark, cte->ctequery, str);

	if (!IsA(node, SelectStmt))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("WITH clause \"%s\" does not return any columns",
						cte->ctename),
				 errhint("missing RETURNING clause?"),
				 errposition(cj_syntax_position(str, cte->location))));
	return node;
}

/*
 * Where a statement of a text of "len" bytes ends.
 */
static int
statement_end(const RawStmt *statement, int len)
{
	return statement->stmt_len == 0 ? len :
		statement->stmt_location + statement->stmt_len;
}

/*
 * Where in a parsed statement the one that a mark points to is; NULL if it is
 * not there.
 */
static Node **
find_marked(RawStmt *statement, const CjMark *mark)
{
	switch (mark->place)
	{
		case CJ_PLACE_EXPLAIN:
			return IsA(statement->stmt, ExplainStmt) ?
				&((ExplainStmt *) statement->stmt)->query : NULL;
		case CJ_PLACE_PREPARE:
			return IsA(statement->stmt, PrepareStmt) ?
				&((PrepareStmt *) statement->stmt)->query : NULL;
		default:
			return &statement->stmt;
	}
}

/*
 * Put the statement that a mark means into its place.
 */
static void
translate_statement(RawStmt *statement, const CjMark *mark, const char *str)
{
	Node	  **marked = find_marked(statement, mark);

	if (marked == NULL)
		cj_syntax_error_at(str, mark->start);
	*marked = make_node(mark, *marked, str);

	if (mark->place == CJ_PLACE_STATEMENT &&
		statement->stmt_location > mark->start)
	{
		if (statement->stmt_len > 0)
			statement->stmt_len += statement->stmt_location - mark->start;
		statement->stmt_location = mark->start;
	}
}

/*
 * Translate the statements that the marks point to; both lists are in the
 * order of the text.
 *
 * Before 18 a statement begins behind the semicolon of the one before, since
 * then at its first token, which the mask may have blanked.
 */
static void
translate_statements(List *statements, const CjMask *mask, const char *str,
					 int len)
{
	int			i = 0;
	ListCell   *lc;

	foreach(lc, mask->marks)
	{
		CjMark	   *mark = lfirst(lc);
		RawStmt    *statement = NULL;

		if (mark->place == CJ_PLACE_SOURCE || mark->place == CJ_PLACE_CTE)
			continue;
		for (; i < list_length(statements); i++)
		{
			statement = list_nth_node(RawStmt, statements, i);
			if (statement_end(statement, len) > mark->start)
				break;
		}
		if (i == list_length(statements) ||
			statement->stmt_location >= mark->end)
			cj_syntax_error_at(str, mark->operand);
		translate_statement(statement, mark, str);
	}
}

/*
 * The innermost mark that an error is in, NULL if none.
 */
static const CjMark *
mark_of_error(const ErrorData *error, const char *str, const CjMask *mask)
{
	int			position = error->cursorpos;
	int			offset;
	const CjMark *found = NULL;
	ListCell   *lc;

	if (position == 0 && error->internalquery != NULL &&
		strcmp(error->internalquery, str) == 0)
		position = error->internalpos;
	if (position == 0)			/* one in another text, a function's say */
		return list_length(mask->marks) == 1 ? linitial(mask->marks) : NULL;
	offset = cj_syntax_offset(str, position);
	foreach(lc, mask->marks)
	{
		const CjMark *mark = lfirst(lc);

		if (mark->start <= offset && offset <= mark->end)
			found = mark;
	}
	return found;
}

/*
 * Raise the current error; if it is a syntax error in a statement of ours, with
 * a hint how that is written.
 */
static void
rethrow_with_hint(const char *str, const CjMask *mask)
{
	ErrorData  *error;
	const CjMark *mark;

	if (geterrcode() != ERRCODE_SYNTAX_ERROR)
		PG_RE_THROW();
	error = CopyErrorData();
	mark = error->hint == NULL ? mark_of_error(error, str, mask) : NULL;
	if (mark == NULL || mark->family->usage == NULL)
		PG_RE_THROW();
	FlushErrorState();
	error->hint = pstrdup(mark->family->usage(mark));
	ReThrowError(error);
}

/*
 * What raw_parser() would return for the text if it knew our statements.
 *
 * Raises its errors, at the positions of the text.  Allocates in the current
 * memory context.
 */
List *
cj_translate(const char *str, int len, const CjMask *mask, RawParseMode mode)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *volatile statements = NIL;

	PG_TRY();
	{
		check_marks(mask, str);
		statements = parse_masked(str, mask, mode);
		replace_marked(statements, mask, str, len);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		rethrow_with_hint(str, mask);
	}
	PG_END_TRY();

	return statements;
}
