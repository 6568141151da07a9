/*-------------------------------------------------------------------------
 *
 * syntax_source.c
 *	  Row sources of ours in the place of tables, and in WITH.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_source.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "syntax/syntax_error.h"
#include "syntax/syntax_source.h"

typedef struct ReplaceContext
{
	CjMark	  **sources;		/* row sources and CTEs, in the order of the
								 * text */
	int			nsources;
	const char *str;
	const CjSourceMakers *makers;
} ReplaceContext;

static bool replace_in(Node *node, void *arg);

/*
 * Where a node has to be to be one of our masks: a table, or a CTE.
 */
static int
location_of(const CjMark *mark)
{
	return mark->place == CJ_PLACE_CTE ? mark->name : mark->start;
}

/*
 * The mark of the row source or CTE that begins at a byte offset, NULL if none
 * does.
 */
static CjMark *
find_mark(const ReplaceContext *context, int location)
{
	int			low = 0;
	int			high = context->nsources;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (location_of(context->sources[middle]) < location)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < context->nsources && location_of(context->sources[low]) == location)
		return context->sources[low];
	return NULL;
}

/*
 * If a table is one of our masks, put the row source in its place.
 */
static void
replace_table(Node **table, ReplaceContext *context)
{
	RangeVar   *masked = (RangeVar *) *table;
	CjMark	   *mark;

	if (*table == NULL || !IsA(*table, RangeVar))
		return;

	mark = find_mark(context, masked->location);
	if (mark == NULL || mark->place != CJ_PLACE_SOURCE ||
		masked->schemaname != NULL || !masked->inh)
		return;					/* [SHOW JOBS].x and ONLY [SHOW JOBS] */
	*table = context->makers->source(mark, masked->alias, context->str);
	mark->placed = true;
}

/*
 * As replace_table() for each table of a list.
 */
static void
replace_tables(List *tables, ReplaceContext *context)
{
	ListCell   *lc;

	foreach(lc, tables)
		replace_table((Node **) &lfirst(lc), context);
}

/*
 * If a CTE is one of our masks, put the statement in its place.
 */
static void
replace_cte(CommonTableExpr *cte, ReplaceContext *context)
{
	CjMark	   *mark = find_mark(context, cte->location);

	if (mark == NULL || mark->place != CJ_PLACE_CTE)
		return;
	cte->ctequery = context->makers->cte(mark, cte, context->str);
	mark->placed = true;
}

/*
 * The query inside a utility statement that has one.
 */
static Node *
inner_query(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_RawStmt:
			return ((RawStmt *) statement)->stmt;
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) statement)->query;
		case T_ViewStmt:
			return ((ViewStmt *) statement)->query;
		case T_DeclareCursorStmt:
			return ((DeclareCursorStmt *) statement)->query;
		case T_CopyStmt:
			return ((CopyStmt *) statement)->query;
		case T_ExplainStmt:
			return ((ExplainStmt *) statement)->query;
		case T_PrepareStmt:
			return ((PrepareStmt *) statement)->query;
		case T_CreateFunctionStmt:
			return ((CreateFunctionStmt *) statement)->sql_body;
		case T_RuleStmt:
			return (Node *) ((RuleStmt *) statement)->actions;
		default:
			return NULL;
	}
}

/*
 * Replace the masks in a node and below it, wherever a row source can stand.
 */
static bool
replace_in(Node *node, void *arg)
{
	ReplaceContext *context = (ReplaceContext *) arg;

	if (node == NULL)
		return false;

	switch (nodeTag(node))
	{
		case T_SelectStmt:
			replace_tables(((SelectStmt *) node)->fromClause, context);
			break;
		case T_UpdateStmt:
			replace_tables(((UpdateStmt *) node)->fromClause, context);
			break;
		case T_DeleteStmt:
			replace_tables(((DeleteStmt *) node)->usingClause, context);
			break;
		case T_MergeStmt:
			replace_table(&((MergeStmt *) node)->sourceRelation, context);
			break;
		case T_JoinExpr:
			replace_table(&((JoinExpr *) node)->larg, context);
			replace_table(&((JoinExpr *) node)->rarg, context);
			break;
		case T_CommonTableExpr:
			/* First what is in it. */
			(void) raw_expression_tree_walker(node, replace_in, arg);
			replace_cte((CommonTableExpr *) node, context);
			return false;
		case T_ReturnStmt:
			/* The walker does not know it. */
			return replace_in(((ReturnStmt *) node)->returnval, arg);
		default:
			break;
	}
	return raw_expression_tree_walker(node, replace_in, arg);
}

/*
 * As replace_in() for a statement; the walker does not know utility ones.
 */
static void
replace_in_statement(Node *statement, ReplaceContext *context)
{
	ListCell   *lc;

	if (statement == NULL)
		return;

	switch (nodeTag(statement))
	{
		case T_List:
			foreach(lc, (List *) statement)
				replace_in_statement(lfirst(lc), context);
			break;
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_ReturnStmt:
		case T_PLAssignStmt:
			(void) replace_in(statement, context);
			break;
		default:
			replace_in_statement(inner_query(statement), context);
			break;
	}
}

/*
 * Replace the row sources and CTEs that the marks point to.  One that stands
 * where none can stand is a syntax error.
 */
void
cj_source_replace(List *statements, const CjMask *mask, const char *str,
				  const CjSourceMakers *makers)
{
	ReplaceContext context;
	ListCell   *lc;

	context.sources = MemoryContextAllocHuge(CurrentMemoryContext,
											 (list_length(mask->marks) + 1) * sizeof(CjMark *));
	context.nsources = 0;
	context.str = str;
	context.makers = makers;
	foreach(lc, mask->marks)
	{
		CjMark	   *mark = lfirst(lc);

		if (mark->place == CJ_PLACE_SOURCE || mark->place == CJ_PLACE_CTE)
			context.sources[context.nsources++] = mark;
	}
	if (context.nsources == 0)
		return;

	replace_in_statement((Node *) statements, &context);
	for (int i = 0; i < context.nsources; i++)
	{
		if (!context.sources[i]->placed)
			cj_syntax_error_at(str, context.sources[i]->start);
	}
}
