/*-------------------------------------------------------------------------
 *
 * syntax_translate.c
 *	  From a text with statements of ours to parse trees.
 *
 * The masked text is parsed by raw_parser(); in its result, the statements and
 * row sources that the marks point to become nodes that PostgreSQL knows:
 *
 *	CANCEL JOB ..	a DeclareCursorStmt whose cursor has a name of ours: its
 *					query is analysed with parameters and PL/pgSQL variables,
 *					and the utility hook runs it
 *	SHOW JOB ..		SELECT * FROM jobs.show_jobs(ARRAY(..)); with WHEN
 *					COMPLETE, jobs.show_jobs_when_complete(ARRAY(..))
 *	[SHOW JOBS]		jobs.show_jobs() in the place of a table
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

#include "base/base_extension.h"
#include "syntax/syntax_control.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_source.h"
#include "syntax/syntax_translate.h"

static Node *make_source(const CjMark *mark, Alias *alias, const char *str);
static void translate_statements(List *statements, const CjMask *mask,
								 const char *str, int len);

/*
 * The table function jobs.name(argument) AS alias; without an argument for
 * NULL.
 */
static Node *
make_show_function(const char *name, Node *argument, Alias *alias,
				   int location)
{
	RangeFunction *source = makeNode(RangeFunction);
	FuncCall   *call;

	call = makeFuncCall(list_make2(makeString(pstrdup(CJ_SCHEMA_NAME)),
								   makeString(pstrdup(name))),
						argument == NULL ? NIL : list_make1(argument),
						COERCE_EXPLICIT_CALL, location);
	source->functions = list_make1(list_make2(call, NIL));
	source->alias = alias != NULL ? alias : makeAlias("show_jobs", NIL);
	return (Node *) source;
}

/*
 * SELECT * FROM jobs.show_jobs(ARRAY(query)), or what waits first.
 */
static Node *
make_show_statement(SelectStmt *query, bool complete, int location)
{
	SelectStmt *statement = makeNode(SelectStmt);
	SubLink    *ids = makeNode(SubLink);
	ColumnRef  *star = makeNode(ColumnRef);
	ResTarget  *target = makeNode(ResTarget);

	ids->subLinkType = ARRAY_SUBLINK;
	ids->subselect = (Node *) query;
	ids->location = location;
	star->fields = list_make1(makeNode(A_Star));
	star->location = location;
	target->val = (Node *) star;
	target->location = location;
	statement->targetList = list_make1(target);
	statement->fromClause = list_make1(make_show_function(complete ? "show_jobs_when_complete" : "show_jobs",
														  (Node *) ids, NULL,
														  location));
	return (Node *) statement;
}

/*
 * DECLARE "name of ours" CURSOR FOR query.
 */
static Node *
make_control_statement(CjControlVerb verb, SelectStmt *query)
{
	DeclareCursorStmt *statement = makeNode(DeclareCursorStmt);

	statement->portalname = pstrdup(cj_control_portal_name(verb));
	statement->options = CURSOR_OPT_FAST_PLAN;
	statement->query = (Node *) query;
	return (Node *) statement;
}

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
	int			position = Max(geterrposition(), getinternalerrposition());
	const char *at = str;
	ListCell   *lc;

	if (geterrcode() != ERRCODE_SYNTAX_ERROR)
		return NULL;

	for (int i = 1; i < position && *at != '\0'; i++)
		at += pg_mblen(at);
	foreach(lc, mask->marks)
	{
		const CjMark *mark = lfirst(lc);

		if (mark->kind == CJ_MARK_SOURCE && mark->start == at - str)
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
	cj_source_replace(statements, mask, str, make_source);
	translate_statements(statements, mask, str, len);
}

/*
 * CjMakeSource.  What stands in the brackets is parsed by itself, with all
 * that stands around it blank.
 */
static Node *
make_source(const CjMark *mark, Alias *alias, const char *str)
{
	int			begin = mark->start + 1;
	int			end = mark->end - 1;
	RangeSubselect *source;
	CjMask		mask;
	char	   *inside;
	List	   *statements;

	if (mark->operand == end)
	{
		if (mark->single)
			cj_syntax_error_at(str, end);
		return make_show_function("show_jobs", NULL, alias, mark->start);
	}

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	inside = MemoryContextAllocHuge(CurrentMemoryContext, (Size) end + 1);
	memcpy(inside, str, end);
	inside[end] = '\0';
	blank_beginning(inside, begin);
	cj_mask_text(&mask, inside, end);
	pfree(inside);
	statements = parse_masked(str, &mask, RAW_PARSE_DEFAULT);
	/* Others may be in there, each nearly as long as the text. */
	pfree(mask.str);
	replace_marked(statements, &mask, str, end);
	if (list_length(statements) != 1)
		cj_syntax_error_at(str, mark->operand);

	source = makeNode(RangeSubselect);
	source->subquery = linitial_node(RawStmt, statements)->stmt;
	source->alias = alias != NULL ? alias : makeAlias("show_jobs", NIL);
	return (Node *) source;
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
 * Put the statement that a mark means into its place.
 */
static void
translate_statement(RawStmt *statement, const CjMark *mark, const char *str)
{
	SelectStmt *query;

	query = cj_shape_operand(statement->stmt, mark, str);
	if (mark->kind == CJ_MARK_CONTROL)
		statement->stmt = make_control_statement(mark->verb, query);
	else
		statement->stmt = make_show_statement(query, mark->complete,
											  mark->start);

	if (statement->stmt_location > mark->start)
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

		if (mark->kind == CJ_MARK_SOURCE)
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
 * What raw_parser() would return for the text if it knew our statements.
 *
 * Raises its errors, at the positions of the text.  Allocates in the current
 * memory context.
 */
List *
cj_translate(const char *str, int len, const CjMask *mask, RawParseMode mode)
{
	List	   *statements = parse_masked(str, mask, mode);

	replace_marked(statements, mask, str, len);
	return statements;
}
