/*-------------------------------------------------------------------------
 *
 * syntax_shape.c
 *	  The operands of statements of ours, and nodes that are made of them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_shape.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "base/base_extension.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_scan.h"
#include "syntax/syntax_shape.h"

/* Words that end an expression, as the parser of SELECT sees it. */
static const char *const clause_words[] = {
	"from", "where", "group", "having", "window", "order", "limit", "offset",
	"fetch", "for", "union", "intersect", "except", "into", "as", "with"
};

/*
 * Raise the syntax error for a SELECT that is more than an expression, at the
 * first token that does not belong to one: a clause, a comma, else an alias,
 * which is the last token.
 */
static void
error_behind_expression(const char *str, const CjMark *mark)
{
	CjScan		scan;
	CjToken		token;
	int			last = mark->operand;
	int			depth = 0;
	bool		after_distinct = false;

	cj_scan_begin(&scan, str);
	while (token = cj_scan_next(&scan), token.start < mark->end && !token.end)
	{
		bool		ends = false;

		if (token.start < mark->operand)
			continue;
		if (token.symbol == '(' || token.symbol == '[')
			depth++;
		else if (token.symbol == ')' || token.symbol == ']')
			depth--;
		else if (depth == 0)
		{
			ends = token.symbol == ',';
			for (int i = 0; i < lengthof(clause_words) && !after_distinct; i++)
				ends |= cj_scan_is_word(str, &token, clause_words[i]);
		}
		last = token.start;
		if (ends)
			break;
		after_distinct = cj_scan_is_word(str, &token, "distinct");
	}
	cj_syntax_error_at(str, last);
}

/*
 * Raise the syntax error for the first word of the operand that is "word".
 */
static void
error_at_word(const char *str, const CjMark *mark, const char *word)
{
	CjScan		scan;
	CjToken		token;

	cj_scan_begin(&scan, str);
	do
	{
		token = cj_scan_next(&scan);
	} while (!token.end &&
			 (token.start < mark->operand ||
			  !cj_scan_is_word(str, &token, word)));
	cj_syntax_error_at(str, token.start);
}

/*
 * A string constant; NULL for null.
 */
Node *
cj_shape_string(const char *value, int location)
{
	A_Const    *constant = makeNode(A_Const);

	if (value == NULL)
		constant->isnull = true;
	else
		constant->val.sval = *makeString(pstrdup(value));
	constant->location = location;
	return (Node *) constant;
}

/*
 * value::pg_catalog.type
 */
Node *
cj_shape_cast(Node *value, const char *type)
{
	TypeCast   *cast = makeNode(TypeCast);

	cast->arg = value;
	cast->typeName = makeTypeNameFromNameList(list_make2(makeString(pstrdup("pg_catalog")),
														 makeString(pstrdup(type))));
	cast->location = exprLocation(value);
	return (Node *) cast;
}

/*
 * A text; NULL for null.
 */
Node *
cj_shape_text(const char *value, int location)
{
	return cj_shape_cast(cj_shape_string(value, location), "text");
}

/*
 * Make a parameter, a string or NULL that stands alone a bigint: drivers then
 * see what to send, and '123' is an id.  What has a type of its own keeps it,
 * so that CANCEL JOB 1.5 is no CANCEL JOB 2.
 */
static void
coerce_id(Node **id)
{
	if (IsA(*id, ParamRef) ||
		(IsA(*id, A_Const) && (((A_Const *) *id)->isnull ||
							   IsA(&((A_Const *) *id)->val, String))))
		*id = cj_shape_cast(*id, "int8");
}

/*
 * As coerce_id() for each query of a UNION, and each row of VALUES.
 */
static void
coerce_query(SelectStmt *query)
{
	ListCell   *lc;

	if (query->op != SETOP_NONE)
	{
		coerce_query(query->larg);
		coerce_query(query->rarg);
		return;
	}

	foreach(lc, query->valuesLists)
	{
		List	   *row = lfirst_node(List, lc);

		if (list_length(row) == 1)
			coerce_id((Node **) &linitial(row));
	}
	if (list_length(query->targetList) == 1)
		coerce_id(&linitial_node(ResTarget, query->targetList)->val);
}

/*
 * Is this SELECT nothing but an expression?
 */
static bool
is_expression(const SelectStmt *query)
{
	ResTarget  *target;

	if (query->op != SETOP_NONE || query->distinctClause != NIL ||
		query->intoClause != NULL || query->fromClause != NIL ||
		query->whereClause != NULL || query->groupClause != NIL ||
		query->havingClause != NULL || query->windowClause != NIL ||
		query->sortClause != NIL || query->limitOffset != NULL ||
		query->limitCount != NULL || query->lockingClause != NIL ||
		list_length(query->targetList) != 1)
		return false;

	target = linitial_node(ResTarget, query->targetList);
	if (target->name != NULL)
		return false;
	return !IsA(target->val, ColumnRef) ||
		!IsA(llast(((ColumnRef *) target->val)->fields), A_Star);
}

/*
 * Check the expression of CANCEL JOB and the like, which the mask made a
 * SELECT.
 */
static void
check_expression(const SelectStmt *query, const CjMark *mark, const char *str)
{
	/* SELECT ALL leaves no trace. */
	if ((query->op == SETOP_NONE && query->targetList == NIL) ||
		cj_scan_word_stands_at(str, mark->operand, "all") ||
		cj_scan_word_stands_at(str, mark->operand, "distinct"))
		cj_syntax_error_at(str, mark->operand);
	if (!is_expression(query))
		error_behind_expression(str, mark);
}

/*
 * Refuse what the cursor that runs the query would refuse, in words that fit.
 */
static void
check_query(const SelectStmt *query, const CjMark *mark, const char *str)
{
	ListCell   *lc;

	if (query->intoClause != NULL)
		error_at_word(str, mark, "into");
	if (mark->command == NULL || query->withClause == NULL)
		return;

	foreach(lc, query->withClause->ctes)
	{
		CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

		if (!IsA(cte->ctequery, SelectStmt))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("%s must not contain data-modifying statements in WITH",
							mark->command),
					 errposition(cj_syntax_position(str, cte->location))));
	}
}

/*
 * A column of a SELECT.
 */
ResTarget *
cj_shape_target(Node *value)
{
	ResTarget  *target = makeNode(ResTarget);

	target->val = value;
	target->location = exprLocation(value);
	return target;
}

/*
 * ARRAY(query)
 */
Node *
cj_shape_array(SelectStmt *query, int location)
{
	SubLink    *array = makeNode(SubLink);

	array->subLinkType = ARRAY_SUBLINK;
	array->subselect = (Node *) query;
	array->location = location;
	return (Node *) array;
}

/*
 * jobs.function(arguments)
 */
FuncCall *
cj_shape_call(const char *function, List *arguments, int location)
{
	return makeFuncCall(list_make2(makeString(pstrdup(CJ_SCHEMA_NAME)),
								   makeString(pstrdup(function))),
						arguments, COERCE_EXPLICIT_CALL, location);
}

/*
 * SELECT * FROM jobs.function(arguments) AS alias
 */
Node *
cj_shape_select(const char *function, List *arguments, const char *alias,
				int location)
{
	SelectStmt *statement = makeNode(SelectStmt);
	RangeFunction *source = makeNode(RangeFunction);
	ColumnRef  *star = makeNode(ColumnRef);

	source->functions = list_make1(list_make2(cj_shape_call(function, arguments,
															location),
											  NIL));
	source->alias = makeAlias(alias, NIL);
	star->fields = list_make1(makeNode(A_Star));
	star->location = location;
	statement->targetList = list_make1(cj_shape_target((Node *) star));
	statement->fromClause = list_make1(source);
	return (Node *) statement;
}

/*
 * The expression in a stretch of a text, of which the parser made a SELECT.
 * Raises the parser's syntax error if it is more than one.
 */
Node *
cj_shape_expression(Node *statement, int begin, int end, const char *str)
{
	CjMark		mark = {.operand = begin,.end = end};
	SelectStmt *query = castNode(SelectStmt, statement);

	check_expression(query, &mark, str);
	return linitial_node(ResTarget, query->targetList)->val;
}

/*
 * What stands behind the words of a statement of ours, checked: its expression
 * as a SELECT, its query, NULL for nothing, or the statement itself.
 * "statement" is what the parser made of the masked text there.
 *
 * Raises the parser's syntax errors, 0A000 for data-modifying CTEs.
 */
Node *
cj_shape_operand(Node *statement, const CjMark *mark, const char *str)
{
	if (mark->shape == CJ_SHAPE_STATEMENT)
		return statement;
	if (!IsA(statement, SelectStmt))
		cj_syntax_error_at(str, mark->operand);
	if (mark->shape == CJ_SHAPE_NOTHING)
		return NULL;

	if (mark->shape == CJ_SHAPE_EXPRESSION)
		check_expression((SelectStmt *) statement, mark, str);
	else
		check_query((SelectStmt *) statement, mark, str);
	coerce_query((SelectStmt *) statement);
	return statement;
}
