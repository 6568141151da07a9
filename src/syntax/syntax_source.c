/*-------------------------------------------------------------------------
 *
 * syntax_source.c
 *	  Row sources of ours in the place of tables.
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
	CjMark	  **sources;		/* in the order of the text */
	int			nsources;
	const char *str;
	CjMakeSource make;
} ReplaceContext;

static bool replace_in(Node *node, void *arg);

/*
 * The mark of the row source that begins at a byte offset, NULL if none does.
 */
static CjMark *
find_mark(const ReplaceContext *context, int location)
{
	int			low = 0;
	int			high = context->nsources;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (context->sources[middle]->start < location)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < context->nsources && context->sources[low]->start == location)
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
	if (mark == NULL || masked->schemaname != NULL || !masked->inh)
		return;					/* [SHOW JOBS].x and ONLY [SHOW JOBS] */
	*table = context->make(mark, masked->alias, context->str);
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
 * Replace the row sources that the marks point to.  One that stands where no
 * row source can stand is a syntax error.
 */
void
cj_source_replace(List *statements, const CjMask *mask, const char *str,
				  CjMakeSource make)
{
	ReplaceContext context;
	ListCell   *lc;

	context.sources = MemoryContextAllocHuge(CurrentMemoryContext,
											 (list_length(mask->marks) + 1) * sizeof(CjMark *));
	context.nsources = 0;
	context.str = str;
	context.make = make;
	foreach(lc, mask->marks)
	{
		CjMark	   *mark = lfirst(lc);

		if (mark->kind == CJ_MARK_SOURCE)
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
