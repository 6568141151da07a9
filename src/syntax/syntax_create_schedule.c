/*-------------------------------------------------------------------------
 *
 * syntax_create_schedule.c
 *	  CREATE SCHEDULE.
 *
 *	CREATE SCHEDULE [IF NOT EXISTS] [label] FOR SQL command RECURRING recurrence
 *		[WITH SCHEDULE OPTIONS option = value, ..]
 *
 * It is a SELECT from jobs.create_schedule(): each clause is an argument of that.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_create_schedule.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"

#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_translate.h"

static const char *const create_keywords[] = {"schedule", NULL};

/* CjMark.form: bits */
#define IF_NOT_EXISTS 1

/* CjClause.kind, in the order in which they can stand. */
typedef enum CreateClause
{
	CREATE_COMMAND = 1,			/* with the label before it: that alone may be
								 * too short to be masked */
	CREATE_RECURRENCE,
	CREATE_OPTIONS
} CreateClause;

/* The options, arguments of jobs.create_schedule() of the same name. */
static const struct
{
	const char *name;
	const char *type;
}			options[] = {
	{"first_run", "timestamptz"},
	{"on_execution_failure", "text"},
	{"on_previous_running", "text"},
	{"timezone", "text"},
	{"max_running", "int4"}
};

static const char usage[] =
"Write CREATE SCHEDULE, with or without IF NOT EXISTS, a label, FOR SQL string RECURRING string,"
" and maybe WITH SCHEDULE OPTIONS option = value, .. .";

/*
 * CjFamily.recognise
 */
static int
recognise_create(CjReader *reader, CjMark *mark)
{
	if (!cj_reader_has_words(reader, 0, "create schedule"))
		return 0;
	mark->shape = CJ_SHAPE_NOTHING;
	mark->rows = true;
	if (!cj_reader_has_words(reader, 2, "if not exists"))
		return 2;
	mark->form = IF_NOT_EXISTS;
	return 5;
}

/*
 * The kind of the last clause that was read; 0 if none was.
 */
static int
last_kind(const CjMark *mark)
{
	return mark->clauses == NIL ? 0 : ((const CjClause *) llast(mark->clauses))->kind;
}

/*
 * Note that the n-th token is a syntax error.  Returns the number of tokens to the end
 * of the statement, one at least: nothing in there is looked at any more.
 */
static int
fail_at(CjReader *reader, CjMark *mark, int n)
{
	if (mark->error < 0)
		mark->error = cj_reader_peek(reader, n).start;
	return Max(cj_reader_count_rest(reader), 1);
}

/*
 * The number of tokens of a value that begins at the n-th: a string, a number, a
 * name, a parameter, or an expression in parentheses; 0 for none.
 */
static int
count_value(CjReader *reader, int n)
{
	int			depth = 0;
	int			count = 0;

	if (cj_reader_ends(reader, n) || cj_reader_has_symbol(reader, n, ','))
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
 * A clause with a value behind "nwords" words.
 */
static int
read_value(CjReader *reader, CjMark *mark, CjClause *clause, CreateClause kind,
		   int nwords)
{
	int			count = count_value(reader, nwords);

	if (count == 0)
		return fail_at(reader, mark, nwords);
	clause->kind = kind;
	clause->value = cj_reader_peek(reader, nwords).start;
	return nwords + count;
}

/*
 * [label] FOR SQL command; mark->detail becomes the place of FOR.
 */
static int
read_command(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			n = cj_reader_has_word(reader, 0, "for") ? 0 : count_value(reader, 0);

	if (!cj_reader_has_word(reader, n, "for"))
		return fail_at(reader, mark, n);
	if (!cj_reader_has_word(reader, n + 1, "sql"))
		return fail_at(reader, mark, n + 1);
	mark->detail = cj_reader_peek(reader, n).start;
	return read_value(reader, mark, clause, CREATE_COMMAND, n + 2);
}

/*
 * The options, to the end of the statement.
 */
static int
read_options(CjReader *reader, CjMark *mark, CjClause *clause)
{
	if (!cj_reader_has_words(reader, 0, "with schedule options"))
		return fail_at(reader, mark, 0);
	if (cj_reader_ends(reader, 3))
		return fail_at(reader, mark, 3);
	clause->kind = CREATE_OPTIONS;
	clause->value = cj_reader_peek(reader, 3).start;
	return cj_reader_count_rest(reader);
}

/*
 * CjFamily.read_clause
 */
static int
read_create(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			last = last_kind(mark);

	if (last < CREATE_COMMAND)
		return read_command(reader, mark, clause);
	if (last < CREATE_RECURRENCE)
		return cj_reader_has_word(reader, 0, "recurring") ?
			read_value(reader, mark, clause, CREATE_RECURRENCE, 1) :
			fail_at(reader, mark, 0);
	if (last == CREATE_RECURRENCE)
		return read_options(reader, mark, clause);
	return fail_at(reader, mark, 0);
}

/*
 * A named argument.
 */
static Node *
make_argument(const char *name, Node *value, int location)
{
	NamedArgExpr *argument = makeNode(NamedArgExpr);

	argument->name = pstrdup(name);
	argument->arg = (Expr *) value;
	argument->argnumber = -1;
	argument->location = location;
	return (Node *) argument;
}

/*
 * A string or parameter as a text; a label can be a bare name.
 */
static Node *
make_string_value(int begin, int end, bool label, const char *str)
{
	Node	   *value = cj_translate_expression(str, begin, end);

	if (label && IsA(value, ColumnRef) &&
		list_length(((ColumnRef *) value)->fields) == 1 &&
		IsA(linitial(((ColumnRef *) value)->fields), String))
	{
		A_Const    *name = makeNode(A_Const);

		name->val.sval = *makeString(strVal(linitial(((ColumnRef *) value)->fields)));
		name->location = begin;
		value = (Node *) name;
	}
	else if (!IsA(value, ParamRef) &&
			 !(IsA(value, A_Const) && !((A_Const *) value)->isnull &&
			   IsA(&((A_Const *) value)->val, String)))
		cj_syntax_error_at(str, begin);
	return cj_shape_cast(value, "text");
}

/*
 * The argument that an option is, whose name and, if it has one, value begin
 * there.  Raises 22023 for an option that there is not, and for one without a
 * value.
 */
static Node *
make_option(int name_at, int value_at, int end, const char *str)
{
	char	   *name = cj_scan_name_at(str, name_at);

	if (name == NULL)
		cj_syntax_error_at(str, name_at);
	for (int i = 0; i < lengthof(options); i++)
	{
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (value_at < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("schedule option \"%s\" requires a value", name),
					 errposition(cj_syntax_position(str, name_at))));
		return make_argument(name,
							 cj_shape_cast(cj_translate_expression(str, value_at, end),
										   options[i].type), name_at);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unexpected schedule option: %s", name),
			 errposition(cj_syntax_position(str, name_at))));
}

/*
 * The arguments that the options are, in parentheses or without.
 */
static List *
make_options(const CjClause *clause, const char *str)
{
	List	   *arguments = NIL;
	CjReader	reader;
	bool		parentheses;
	int			end;

	cj_reader_begin(&reader, str, clause->end);
	while (cj_reader_peek(&reader, 0).start < clause->value)
		cj_reader_advance(&reader);
	parentheses = cj_reader_has_symbol(&reader, 0, '(');
	for (;;)
	{
		int			name_at;
		int			value_at = -1;
		int			count = 1;

		if (parentheses || arguments != NIL)
			cj_reader_advance(&reader);
		parentheses = parentheses && arguments == NIL;
		name_at = cj_reader_peek(&reader, 0).start;
		if (cj_reader_has_symbol(&reader, 1, '='))
		{
			value_at = cj_reader_peek(&reader, 2).start;
			count = count_value(&reader, 2);
			if (count == 0 || value_at >= clause->end)
				cj_syntax_error_at(str, value_at);
			count += 2;
		}
		end = cj_reader_peek(&reader, count).start;
		arguments = lappend(arguments, make_option(name_at, value_at, Min(end, clause->end), str));
		for (; count > 0; count--)
			cj_reader_advance(&reader);
		if (!cj_reader_has_symbol(&reader, 0, ',') || end >= clause->end)
			break;
	}
	if (end < clause->end && str[clause->value] == '(' &&
		cj_reader_has_symbol(&reader, 0, ')'))
	{
		cj_reader_advance(&reader);
		end = cj_reader_peek(&reader, 0).start;
	}
	else if (str[clause->value] == '(')
		cj_syntax_error_at(str, end);
	cj_reader_end(&reader);
	if (end < clause->end)
		cj_syntax_error_at(str, end);
	return arguments;
}

/*
 * CjFamily.make
 */
static Node *
make_create(const CjMark *mark, Node *operand, const char *str)
{
	static const char *const names[] = {
		[CREATE_COMMAND] = "command",
		[CREATE_RECURRENCE] = "recurrence"
	};
	List	   *arguments = NIL;
	ListCell   *lc;
	A_Const    *flag = makeNode(A_Const);
	const CjClause *first;
	Node	   *label;

	if (last_kind(mark) < CREATE_RECURRENCE)
		cj_syntax_error_at(str, mark->end);
	first = linitial(mark->clauses);
	if (first->start < mark->detail)
		label = make_string_value(first->start, mark->detail, true, str);
	else
	{
		A_Const    *none = makeNode(A_Const);

		if (mark->form == IF_NOT_EXISTS)
			cj_syntax_error_at(str, first->start);
		none->isnull = true;
		none->location = -1;
		label = cj_shape_cast((Node *) none, "text");
	}
	arguments = list_make1(make_argument("label", label, first->start));
	foreach(lc, mark->clauses)
	{
		const CjClause *clause = lfirst(lc);

		if (clause->kind == CREATE_OPTIONS)
			arguments = list_concat(arguments, make_options(clause, str));
		else
			arguments = lappend(arguments,
								make_argument(names[clause->kind],
											  make_string_value(clause->value, clause->end, false, str),
											  clause->value));
	}
	flag->val.sval = *makeString(mark->form == IF_NOT_EXISTS ? "true" : "false");
	flag->location = -1;
	arguments = lappend(arguments, make_argument("if_not_exists",
												 cj_shape_cast((Node *) flag, "bool"), -1));
	return cj_shape_select("create_schedule", arguments, "create_schedule", mark->start);
}

/*
 * CjFamily.function
 */
static const char *
create_function(const CjMark *mark)
{
	return "jobs.create_schedule()";
}

/*
 * CjFamily.usage
 */
static const char *
create_usage(const CjMark *mark)
{
	return usage;
}

static const CjTag tags[] = {
	{"create schedule", "SCHEDULED SQL"},
	{NULL}
};

const CjFamily cj_family_create_schedule = {
	.keywords = create_keywords,
	.recognise = recognise_create,
	.read_clause = read_create,
	.make = make_create,
	.function = create_function,
	.usage = create_usage,
	.tags = tags
};
