/*-------------------------------------------------------------------------
 *
 * syntax_option.c
 *	  Values and lists of options in statements about schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_option.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"

#include "schedule/schedule.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_option.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_translate.h"

/* The options of schedules: arguments of our functions, of the same name. */
static const struct
{
	const char *name;
	const char *type;			/* a bool can be without a value */
	int			where;
}			schedule_options[] = {
	{"first_run", "timestamptz", CJ_OPTION_CREATE},
	{"ignore_existing_backups", "bool", CJ_OPTION_CREATE_BACKUP},
	{"max_running", "int4", CJ_OPTION_CREATE | CJ_OPTION_ALTER},
	{"on_execution_failure", "text", CJ_OPTION_CREATE | CJ_OPTION_ALTER},
	{"on_previous_running", "text", CJ_OPTION_CREATE | CJ_OPTION_ALTER},
	{"timezone", "text", CJ_OPTION_CREATE | CJ_OPTION_ALTER},
	{"updates_cluster_last_backup_time_metric", "bool", CJ_OPTION_CREATE_BACKUP | CJ_OPTION_ALTER}
};

/*
 * Note that the n-th token is a syntax error.  Returns the number of tokens to the end
 * of the statement, one at least: nothing in there is looked at any more.
 */
int
cj_option_fail_at(CjReader *reader, CjMark *mark, int n)
{
	if (mark->error < 0)
		mark->error = cj_reader_peek(reader, n).start;
	return Max(cj_reader_count_rest(reader), 1);
}

/*
 * The number of tokens of a value that begins at the n-th: a string, a number, a
 * name, a parameter, or an expression in parentheses; 0 for none.
 */
int
cj_option_count_value(CjReader *reader, int n)
{
	int			depth = 0;
	int			count = 0;

	if (cj_reader_ends(reader, n) || cj_reader_has_symbol(reader, n, ',') ||
		cj_reader_has_symbol(reader, n, '='))
		return 0;
	do
	{
		if (cj_reader_has_symbol(reader, n + count, '('))
			depth++;
		else if (cj_reader_has_symbol(reader, n + count, ')'))
			depth--;
		count++;
	} while (depth > 0 && !cj_reader_peek(reader, n + count).end);
	return count;
}

/*
 * The number of tokens from the n-th on up to one of two words outside all
 * parentheses, or to the end of the statement; a "word" can be a comma.
 */
int
cj_option_count_until(CjReader *reader, int n, const char *word, const char *other)
{
	int			depth = 0;
	int			count = 0;

	for (;; count++)
	{
		int			symbol = cj_reader_peek(reader, n + count).symbol;

		if (cj_reader_peek(reader, n + count).end ||
			(depth == 0 &&
			 (cj_reader_ends(reader, n + count) ||
			  (symbol == ',' && word[0] == ',') ||
			  cj_reader_has_word(reader, n + count, word) ||
			  cj_reader_has_word(reader, n + count, other))))
			return count;
		if (symbol == '(' || symbol == '[')
			depth++;
		else if (symbol == ')' || symbol == ']')
			depth--;
	}
}

/*
 * A clause of this kind, with a value behind "nwords" tokens; returns the number of
 * its tokens.
 */
int
cj_option_read_value(CjReader *reader, CjMark *mark, CjClause *clause, int kind,
					 int nwords)
{
	int			count = cj_option_count_value(reader, nwords);

	if (count == 0)
		return cj_option_fail_at(reader, mark, nwords);
	clause->kind = kind;
	clause->value = cj_reader_peek(reader, nwords).start;
	return nwords + count;
}

/*
 * Is the current token a part of the name of an option?
 */
static bool
at_name(CjReader *reader)
{
	CjToken		token = cj_reader_peek(reader, 0);

	return !token.end && (token.wordlen > 0 || reader->str[token.start] == '"');
}

/*
 * The option that begins at the current token, which is behind the reader then.
 */
static CjOption *
read_option(CjReader *reader, const char *str)
{
	CjOption   *option = palloc0(sizeof(CjOption));
	StringInfoData name;

	initStringInfo(&name);
	option->start = cj_reader_peek(reader, 0).start;
	while (at_name(reader))
	{
		char	   *part = cj_scan_name_at(str, cj_reader_peek(reader, 0).start);

		if (part == NULL)
			break;
		appendStringInfo(&name, "%s%s", name.len > 0 ? " " : "", part);
		cj_reader_advance(reader);
	}
	if (name.len == 0)
		cj_syntax_error_at(str, cj_reader_peek(reader, 0).start);
	option->name = name.data;
	option->value = -1;
	if (cj_reader_has_symbol(reader, 0, '='))
	{
		int			count = cj_option_count_value(reader, 1);

		option->value = cj_reader_peek(reader, 1).start;
		if (count == 0)
			cj_syntax_error_at(str, option->value);
		for (count++; count > 0; count--)
			cj_reader_advance(reader);
	}
	option->end = cj_reader_peek(reader, 0).start;
	return option;
}

/*
 * The options in a stretch of a text, a list of CjOption: in parentheses or not, at
 * least one.  Raises syntax errors.
 */
List *
cj_option_list(const char *str, int begin, int end)
{
	char	   *text = pnstrdup(str, end);
	List	   *options = NIL;
	CjReader	reader;
	bool		parentheses;

	cj_reader_begin(&reader, text, end);
	while (cj_reader_peek(&reader, 0).start < begin)
		cj_reader_advance(&reader);
	parentheses = cj_reader_has_symbol(&reader, 0, '(');
	if (parentheses)
		cj_reader_advance(&reader);
	options = list_make1(read_option(&reader, text));
	while (cj_reader_has_symbol(&reader, 0, ','))
	{
		cj_reader_advance(&reader);
		options = lappend(options, read_option(&reader, text));
	}
	if (parentheses)
	{
		if (!cj_reader_has_symbol(&reader, 0, ')'))
			cj_syntax_error_at(str, cj_reader_peek(&reader, 0).start);
		cj_reader_advance(&reader);
	}
	if (!cj_reader_peek(&reader, 0).end)
		cj_syntax_error_at(str, cj_reader_peek(&reader, 0).start);
	cj_reader_end(&reader);
	return options;
}

/*
 * A named argument.
 */
Node *
cj_option_argument(const char *name, Node *value, int location)
{
	NamedArgExpr *argument = makeNode(NamedArgExpr);

	argument->name = pstrdup(name);
	argument->arg = (Expr *) value;
	argument->argnumber = -1;
	argument->location = location;
	return (Node *) argument;
}

/*
 * Is this a string or a parameter?
 */
static bool
is_string(const Node *value)
{
	return IsA(value, ParamRef) ||
		(IsA(value, A_Const) && !((const A_Const *) value)->isnull &&
		 IsA(&((const A_Const *) value)->val, String));
}

/*
 * The string or parameter in a stretch of a text, as a text; with "or_name", a bare name
 * stands for itself.  Raises syntax errors.
 */
Node *
cj_option_string(const char *str, int begin, int end, bool or_name)
{
	Node	   *value = cj_translate_expression(str, begin, end);
	const ColumnRef *name = (const ColumnRef *) value;

	if (or_name && IsA(value, ColumnRef) && list_length(name->fields) == 1 &&
		IsA(linitial(name->fields), String))
		value = cj_shape_string(strVal(linitial(name->fields)), begin);
	else if (!is_string(value))
		cj_syntax_error_at(str, begin);
	return cj_shape_cast(value, "text");
}

/*
 * The value of FULL BACKUP: a recurrence, or ALWAYS.
 */
Node *
cj_option_full_backup(const char *str, const CjClause *clause)
{
	if (cj_scan_word_stands_at(str, clause->value, CJ_FULL_BACKUP_ALWAYS))
		return cj_shape_text(CJ_FULL_BACKUP_ALWAYS, clause->value);
	return cj_option_string(str, clause->value, clause->end, false);
}

/*
 * ARRAY[..]::text[] of these expressions.
 */
static Node *
make_text_array(List *elements, const char *str, int begin)
{
	A_ArrayExpr *array = makeNode(A_ArrayExpr);
	ListCell   *lc;

	foreach(lc, elements)
	{
		if (!is_string(lfirst(lc)))
			cj_syntax_error_at(str, begin);
		array->elements = lappend(array->elements, cj_shape_cast(lfirst(lc), "text"));
	}
	array->location = begin;
	return (Node *) array;
}

/*
 * The string or parameter in a stretch of a text, or a list of them in parentheses, as
 * an array of texts.  Raises syntax errors.
 */
Node *
cj_option_strings(const char *str, int begin, int end)
{
	Node	   *value = cj_translate_expression(str, begin, end);

	return make_text_array(IsA(value, RowExpr) ? ((RowExpr *) value)->args :
						   list_make1(value), str, begin);
}

/*
 * The value of an option in an object: null for none, a text, an array of texts or a
 * boolean.  Raises syntax errors.
 */
static Node *
make_value(const char *str, const CjOption *option)
{
	Node	   *value;

	if (option->value < 0)
		return cj_shape_text(NULL, -1);
	value = cj_translate_expression(str, option->value, option->end);
	if (IsA(value, RowExpr))
		return make_text_array(((RowExpr *) value)->args, str, option->value);
	if (is_string(value))
		return cj_shape_cast(value, "text");
	if (!cj_scan_word_stands_at(str, option->value, "true") &&
		!cj_scan_word_stands_at(str, option->value, "false"))
		cj_syntax_error_at(str, option->value);
	return value;
}

/*
 * An object of options, a list of CjOption: jsonb_build_object(name, value, ..).
 */
Node *
cj_option_object(const char *str, List *options)
{
	List	   *arguments = NIL;
	ListCell   *lc;

	foreach(lc, options)
	{
		const CjOption *option = lfirst(lc);

		arguments = lappend(arguments,
							cj_shape_text(option->name, option->start));
		arguments = lappend(arguments, make_value(str, option));
	}
	return (Node *) makeFuncCall(list_make2(makeString(pstrdup("pg_catalog")),
											makeString(pstrdup("jsonb_build_object"))),
								 arguments, COERCE_EXPLICIT_CALL, -1);
}

/*
 * The argument that an option of a schedule is, where "where" says.  Raises 22023 for
 * one that there is not, and for one without its value.
 */
Node *
cj_option_schedule_argument(const char *str, const CjOption *option, int where)
{
	for (int i = 0; i < lengthof(schedule_options); i++)
	{
		Node	   *value;

		if (strcmp(schedule_options[i].name, option->name) != 0 ||
			(schedule_options[i].where & where) == 0)
			continue;
		if (option->value >= 0)
			value = cj_translate_expression(str, option->value, option->end);
		else if (strcmp(schedule_options[i].type, "bool") == 0)
			value = cj_shape_string("true", option->start);
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("schedule option \"%s\" requires a value", option->name),
					 errposition(cj_syntax_position(str, option->start))));
		return cj_option_argument(option->name,
								  cj_shape_cast(value, schedule_options[i].type),
								  option->start);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unexpected schedule option: %s", option->value < 0 ? option->name :
					psprintf("%s = %.*s", option->name,
							 option->end - option->value, str + option->value)),
			 errposition(cj_syntax_position(str, option->start))));
}
