/*-------------------------------------------------------------------------
 *
 * syntax_create_schedule.c
 *	  CREATE SCHEDULE.
 *
 *	CREATE SCHEDULE [IF NOT EXISTS] [label] FOR SQL command
 *		RECURRING recurrence [WITH SCHEDULE OPTIONS option = value, ..]
 *	.. FOR BACKUP [targets] INTO destination [WITH options]
 *		RECURRING recurrence [FULL BACKUP {recurrence | ALWAYS}] ..
 *	.. FOR CHANGEFEED targets INTO sink [WITH options] RECURRING ..
 *	.. FOR CHANGEFEED INTO sink [WITH options] AS query RECURRING ..
 *
 * It is a SELECT from jobs.create_schedule() and its like: each clause is an argument
 * of that.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_create_schedule.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/formatting.h"

#include "schedule/schedule.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_option.h"
#include "syntax/syntax_shape.h"

static const char *const create_keywords[] = {"schedule", NULL};

/* CjMark.form: bits */
#define IF_NOT_EXISTS 1
#define FOR_BACKUP 2
#define FOR_CHANGEFEED 4

/* CjClause.kind, in the order in which they can stand. */
typedef enum CreateClause
{
	CREATE_WORK = 1,			/* with the label before it: that alone may be
								 * too short to be masked */
	CREATE_INTO,
	CREATE_WITH,
	CREATE_QUERY,
	CREATE_RECURRENCE,
	CREATE_FULL_BACKUP,
	CREATE_OPTIONS
} CreateClause;

/* What a schedule can be for. */
static const struct
{
	const char *word;
	int			form;
	const char *function;
	const char *tag;
}			executors[] = {
	{"sql", 0, "create_schedule", "SCHEDULED SQL"},
	{"backup", FOR_BACKUP, "create_backup_schedule", "SCHEDULED BACKUP"},
	{"changefeed", FOR_CHANGEFEED, "create_changefeed_schedule", "SCHEDULED CHANGEFEED"}
};

static const char usage[] =
"Write CREATE SCHEDULE, with or without IF NOT EXISTS and a label, then FOR SQL string,"
" FOR BACKUP targets INTO string or FOR CHANGEFEED targets INTO string, RECURRING string,"
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
 * Which of the executors the n-th token names, -1 for none.
 */
static int
find_executor(CjReader *reader, int n)
{
	for (int i = 0; i < lengthof(executors); i++)
	{
		if (cj_reader_has_word(reader, n, executors[i].word))
			return i;
	}
	return -1;
}

/*
 * Which of the executors a statement is for.
 */
static int
executor_of(const CjMark *mark)
{
	return (mark->form & FOR_BACKUP) != 0 ? 1 : (mark->form & FOR_CHANGEFEED) != 0 ? 2 : 0;
}

/*
 * Can the token be part of a list of names that commas separate?
 */
static bool
is_of_names(const char *str, const CjToken *token)
{
	if (token->end)
		return false;
	if (token->wordlen > 0)
		return !cj_scan_is_word(str, token, "recurring") &&
			!cj_scan_is_reserved(asc_tolower(str + token->start, token->wordlen));
	return token->symbol == '.' || token->symbol == '*' || token->symbol == ',' ||
		str[token->start] == '"';
}

/*
 * The number of tokens from the n-th on that the targets are: names, behind TABLE or
 * DATABASE or not.
 */
static int
count_targets(CjReader *reader, int n)
{
	int			count = cj_reader_has_word(reader, n, "table") ? 1 : 0;
	CjToken		token;

	while (token = cj_reader_peek(reader, n + count), is_of_names(reader->str, &token))
		count++;
	return count;
}

/*
 * [label] FOR SQL command, or FOR another executor and its targets; mark->detail
 * becomes the place of FOR.
 */
static int
read_work(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			n = cj_reader_has_word(reader, 0, "for") ? 0 : cj_option_count_value(reader, 0);
	int			executor;

	if (!cj_reader_has_word(reader, n, "for"))
		return cj_option_fail_at(reader, mark, n);
	executor = find_executor(reader, n + 1);
	if (executor < 0)
		return cj_option_fail_at(reader, mark, n + 1);
	mark->detail = cj_reader_peek(reader, n).start;
	mark->form |= executors[executor].form;
	n += 2;
	if (executors[executor].form == 0)
		return cj_option_read_value(reader, mark, clause, CREATE_WORK, n);
	clause->kind = CREATE_WORK;
	clause->value = cj_reader_peek(reader, n).start;
	return n + count_targets(reader, n);
}

/*
 * A clause whose value goes on behind a word, up to one of two others.
 */
static int
read_up_to(CjReader *reader, CjMark *mark, CjClause *clause, CreateClause kind,
		   const char *word, const char *other)
{
	int			count = cj_option_count_until(reader, 1, word, other);

	if (count == 0)
		return cj_option_fail_at(reader, mark, 1);
	clause->kind = kind;
	clause->value = cj_reader_peek(reader, 1).start;
	return 1 + count;
}

/*
 * The options, to the end of the statement.
 */
static int
read_options(CjReader *reader, CjMark *mark, CjClause *clause)
{
	if (cj_reader_ends(reader, 3))
		return cj_option_fail_at(reader, mark, 3);
	clause->kind = CREATE_OPTIONS;
	clause->value = cj_reader_peek(reader, 3).start;
	return cj_reader_count_rest(reader);
}

/*
 * A clause between the targets and RECURRING, of which SQL has none; 0 if none
 * begins.
 */
static int
read_destination(CjReader *reader, CjMark *mark, CjClause *clause, int last)
{
	bool		changefeed = (mark->form & FOR_CHANGEFEED) != 0;

	if ((mark->form & (FOR_BACKUP | FOR_CHANGEFEED)) == 0)
		return 0;
	if (last == CREATE_WORK)
		return cj_reader_has_word(reader, 0, "into") ?
			cj_option_read_value(reader, mark, clause, CREATE_INTO, 1) :
			cj_option_fail_at(reader, mark, 0);
	if (last == CREATE_INTO && cj_reader_has_word(reader, 0, "with"))
		return read_up_to(reader, mark, clause, CREATE_WITH, "recurring",
						  changefeed ? "as" : "recurring");
	if (last < CREATE_QUERY && changefeed && cj_reader_has_word(reader, 0, "as"))
		return read_up_to(reader, mark, clause, CREATE_QUERY, "recurring", "recurring");
	return 0;
}

/*
 * CjFamily.read_clause
 */
static int
read_create(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			last = last_kind(mark);
	int			n;

	if (last < CREATE_WORK)
		return read_work(reader, mark, clause);
	if (last < CREATE_RECURRENCE)
	{
		n = read_destination(reader, mark, clause, last);
		if (n > 0)
			return n;
		return cj_reader_has_word(reader, 0, "recurring") ?
			cj_option_read_value(reader, mark, clause, CREATE_RECURRENCE, 1) :
			cj_option_fail_at(reader, mark, 0);
	}
	if (last == CREATE_RECURRENCE && (mark->form & FOR_BACKUP) != 0 &&
		cj_reader_has_words(reader, 0, "full backup"))
		return cj_option_read_value(reader, mark, clause, CREATE_FULL_BACKUP, 2);
	if (last < CREATE_OPTIONS && cj_reader_has_words(reader, 0, "with schedule options"))
		return read_options(reader, mark, clause);
	return cj_option_fail_at(reader, mark, 0);
}

/*
 * The names in a stretch of a text, which commas separate, as an array of texts, each as
 * it stands there.  Raises syntax errors.
 */
static Node *
make_names(const char *str, int begin, int end)
{
	A_ArrayExpr *array = makeNode(A_ArrayExpr);
	CjScan		scan;
	CjToken		token;
	int			from = -1;
	int			to = begin;

	array->location = begin;
	cj_scan_begin(&scan, str);
	do
	{
		bool		ends;

		token = cj_scan_next(&scan);
		ends = token.end || token.start >= end || token.symbol == ',';
		if (token.start < begin)
			continue;
		if (!ends)
		{
			if (from < 0)
				from = token.start;
			to = token.start + strlen(cj_scan_token_text(&scan, &token));
			continue;
		}
		if (from < 0)
			cj_syntax_error_at(str, token.start);
		array->elements = lappend(array->elements,
								  cj_shape_text(pnstrdup(str + from, to - from), from));
		from = -1;
	} while (!token.end && token.start < end);
	cj_scan_end(&scan);
	return (Node *) array;
}

/*
 * The arguments that the targets are: tables or, for BACKUP, databases; NIL for none.
 */
static List *
make_targets(const CjMark *mark, const CjClause *clause, const char *str)
{
	static const char *const words[] = {"table", "database"};
	int			kind = 0;
	int			begin = clause->value;

	if (begin >= clause->end)
		return NIL;
	for (int i = 0; i < lengthof(words); i++)
	{
		if (!cj_scan_word_stands_at(str, begin, words[i]))
			continue;
		kind = i;
		begin += strlen(words[i]);
		break;
	}
	if (kind == 1 && (mark->form & FOR_BACKUP) == 0)
		cj_syntax_error_at(str, clause->value);
	return list_make1(cj_option_argument(kind == 1 ? "databases" : "tables",
										 make_names(str, begin, clause->end), clause->value));
}

/*
 * The argument that the options of BACKUP or of a changefeed are; WITH OPTIONS (..) is
 * the same as WITH.  BACKUP has a fixed number of them.
 */
static Node *
make_work_options(const CjMark *mark, const CjClause *clause, const char *str)
{
	int			begin = clause->value;
	List	   *options;
	ListCell   *lc;

	if (cj_scan_word_stands_at(str, begin, "options"))
	{
		int			behind = begin + strlen("options");

		behind += strspn(str + behind, " \t\n\r\f\v");
		if (str[behind] == '(')
			begin = behind;
	}
	else if (str[begin] == '(')
		cj_syntax_error_at(str, begin);
	options = cj_option_list(str, begin, clause->end);
	foreach(lc, options)
	{
		const CjOption *option = lfirst(lc);

		if ((mark->form & FOR_BACKUP) != 0 && !cj_schedule_is_backup_option(option->name))
			cj_syntax_error_at(str, option->start);
	}
	return cj_option_argument("options", cj_option_object(str, options), clause->start);
}

/*
 * The arguments that the options of the schedule are.
 */
static List *
make_schedule_options(const CjMark *mark, const CjClause *clause, const char *str)
{
	int			where = CJ_OPTION_CREATE;
	List	   *arguments = NIL;
	ListCell   *lc;

	if ((mark->form & FOR_BACKUP) != 0)
		where |= CJ_OPTION_CREATE_BACKUP;
	foreach(lc, cj_option_list(str, clause->value, clause->end))
		arguments = lappend(arguments, cj_option_schedule_argument(str, lfirst(lc), where));
	return arguments;
}

/*
 * A string or parameter as an argument.
 */
static Node *
make_string_argument(const char *name, const CjClause *clause, const char *str)
{
	return cj_option_argument(name, cj_option_string(str, clause->value, clause->end, false),
							  clause->value);
}

/*
 * The text of the query of a changefeed as an argument.
 */
static Node *
make_query(const CjClause *clause, const char *str)
{
	int			end = clause->end;

	while (end > clause->value && strchr(" \t\n\r\f\v", str[end - 1]) != NULL)
		end--;
	return cj_option_argument("query",
							  cj_shape_text(pnstrdup(str + clause->value, end - clause->value), clause->value),
							  clause->value);
}

/*
 * The arguments that a clause is.
 */
static List *
make_arguments(const CjMark *mark, const CjClause *clause, const char *str)
{
	switch ((CreateClause) clause->kind)
	{
		case CREATE_WORK:
			if (executor_of(mark) != 0)
				return make_targets(mark, clause, str);
			return list_make1(make_string_argument("command", clause, str));
		case CREATE_INTO:
			if ((mark->form & FOR_CHANGEFEED) != 0)
				return list_make1(make_string_argument("sink", clause, str));
			return list_make1(cj_option_argument("destination",
												 cj_option_strings(str, clause->value, clause->end),
												 clause->value));
		case CREATE_WITH:
			return list_make1(make_work_options(mark, clause, str));
		case CREATE_QUERY:
			return list_make1(make_query(clause, str));
		case CREATE_RECURRENCE:
			return list_make1(make_string_argument("recurrence", clause, str));
		case CREATE_FULL_BACKUP:
			return list_make1(cj_option_argument("full_backup",
												 cj_option_full_backup(str, clause),
												 clause->value));
		case CREATE_OPTIONS:
			return make_schedule_options(mark, clause, str);
	}
	return NIL;
}

/*
 * The label of a statement, NULL as a text if it has none.  Raises the syntax error for
 * IF NOT EXISTS without one.
 */
static Node *
make_label(const CjMark *mark, const char *str)
{
	const CjClause *first = linitial(mark->clauses);

	if (first->start < mark->detail)
		return cj_option_string(str, first->start, mark->detail, true);
	if ((mark->form & IF_NOT_EXISTS) != 0)
		cj_syntax_error_at(str, first->start);
	return cj_shape_text(NULL, -1);
}

/*
 * Raise the syntax error for a changefeed with targets and a query, or with neither.
 */
static void
check_changefeed(const CjMark *mark, const char *str)
{
	const CjClause *work = linitial(mark->clauses);
	bool		targets = work->value < work->end;
	ListCell   *lc;

	if ((mark->form & FOR_CHANGEFEED) == 0)
		return;
	foreach(lc, mark->clauses)
	{
		const CjClause *clause = lfirst(lc);

		if (clause->kind == CREATE_QUERY ? targets : clause->kind == CREATE_RECURRENCE && !targets)
			cj_syntax_error_at(str, clause->start);
		targets |= clause->kind == CREATE_QUERY;
	}
}

/*
 * CjFamily.make
 */
static Node *
make_create(const CjMark *mark, Node *operand, const char *str)
{
	List	   *arguments;
	ListCell   *lc;

	if (last_kind(mark) < CREATE_RECURRENCE)
		cj_syntax_error_at(str, mark->end);
	check_changefeed(mark, str);
	arguments = list_make1(cj_option_argument("label", make_label(mark, str), mark->start));
	foreach(lc, mark->clauses)
		arguments = list_concat(arguments, make_arguments(mark, lfirst(lc), str));
	if ((mark->form & IF_NOT_EXISTS) != 0)
		arguments = lappend(arguments,
							cj_option_argument("if_not_exists",
											   cj_shape_cast(cj_shape_string("true", -1), "bool"), -1));
	return cj_shape_select(executors[executor_of(mark)].function, arguments,
						   "create_schedule", mark->start);
}

/*
 * CjFamily.function
 */
static const char *
create_function(const CjMark *mark)
{
	return psprintf("jobs.%s()", executors[executor_of(mark)].function);
}

/*
 * CjFamily.usage
 */
static const char *
create_usage(const CjMark *mark)
{
	return usage;
}

/*
 * CjTag.choose: what it is for stands behind a label.
 */
static const char *
choose_tag(const char *str, int offset)
{
	CjReader	reader;
	int			executor;
	int			n = 2;

	cj_reader_begin(&reader, str + offset, strlen(str + offset));
	if (cj_reader_has_words(&reader, n, "if not exists"))
		n += 3;
	if (!cj_reader_has_word(&reader, n, "for"))
		n += cj_option_count_value(&reader, n);
	executor = find_executor(&reader, n + 1);
	cj_reader_end(&reader);
	return executor < 0 ? NULL : executors[executor].tag;
}

static const CjTag tags[] = {
	{"create schedule", NULL, choose_tag},
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
