/*-------------------------------------------------------------------------
 *
 * syntax_alter_schedule.c
 *	  ALTER BACKUP SCHEDULE.
 *
 *	ALTER BACKUP SCHEDULE id command, ..
 *
 * The commands are SET LABEL, SET INTO, SET WITH, SET RECURRING, SET FULL BACKUP, SET
 * SCHEDULE OPTION and EXECUTE [FULL] IMMEDIATELY.  It is a SELECT from
 * jobs.alter_backup_schedule(), of which each is an argument.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_alter_schedule.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "schedule/schedule.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_option.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_translate.h"

static const char *const alter_keywords[] = {"schedule", NULL};

/* CjClause.kind */
typedef enum AlterClause
{
	ALTER_ID,
	ALTER_LABEL,
	ALTER_INTO,
	ALTER_RECURRENCE,
	ALTER_FULL_BACKUP,
	ALTER_WITH,
	ALTER_OPTION,
	ALTER_EXECUTE,
	ALTER_EXECUTE_FULL
} AlterClause;

/* What stands behind the words of a command. */
typedef enum AlterValue
{
	VALUE_NONE,
	VALUE_SINGLE,
	VALUE_OPTION
} AlterValue;

static const struct
{
	const char *words;
	int			nwords;
	AlterClause kind;
	AlterValue	value;
}			commands[] = {
	{"set label", 2, ALTER_LABEL, VALUE_SINGLE},
	{"set into", 2, ALTER_INTO, VALUE_SINGLE},
	{"set recurring", 2, ALTER_RECURRENCE, VALUE_SINGLE},
	{"set full backup", 3, ALTER_FULL_BACKUP, VALUE_SINGLE},
	{"set with", 2, ALTER_WITH, VALUE_OPTION},
	{"set schedule option", 3, ALTER_OPTION, VALUE_OPTION},
	{"execute immediately", 2, ALTER_EXECUTE, VALUE_NONE},
	{"execute full immediately", 3, ALTER_EXECUTE_FULL, VALUE_NONE}
};

/*
 * CjFamily.recognise
 */
static int
recognise_alter(CjReader *reader, CjMark *mark)
{
	if (!cj_reader_has_words(reader, 0, "alter backup schedule"))
		return 0;
	mark->shape = CJ_SHAPE_NOTHING;
	mark->rows = true;
	return 3;
}

/*
 * Is the current token a number without a fraction?
 */
static bool
at_integer(CjReader *reader)
{
	const char *at = reader->str + cj_reader_peek(reader, 0).start;
	size_t		ndigits = strspn(at, "0123456789");

	return ndigits > 0 && strchr(".eE", at[ndigits]) == NULL;
}

/*
 * A command whose words begin at the n-th token; 0 if none does.
 */
static int
read_command(CjReader *reader, CjMark *mark, CjClause *clause, int n)
{
	for (int i = 0; i < lengthof(commands); i++)
	{
		int			behind = n + commands[i].nwords;
		int			count = 0;

		if (!cj_reader_has_words(reader, n, commands[i].words))
			continue;
		if (commands[i].value == VALUE_SINGLE)
			return cj_option_read_value(reader, mark, clause, commands[i].kind, behind);
		if (commands[i].value == VALUE_OPTION)
		{
			count = cj_option_count_until(reader, behind, ",", ",");
			if (count == 0)
				return cj_option_fail_at(reader, mark, behind);
		}
		clause->kind = commands[i].kind;
		clause->value = cj_reader_peek(reader, behind).start;
		return behind + count;
	}
	return 0;
}

/*
 * CjFamily.read_clause: the id, then commands, with a comma before each but the first.
 */
static int
read_alter(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			first = list_length(mark->clauses) > 1 ? 1 : 0;
	int			n;

	if (mark->clauses == NIL)
	{
		clause->kind = ALTER_ID;
		return at_integer(reader) ? 1 : cj_option_fail_at(reader, mark, 0);
	}
	if (first == 1 && !cj_reader_has_symbol(reader, 0, ','))
		return cj_option_fail_at(reader, mark, 0);
	n = read_command(reader, mark, clause, first);
	return n > 0 ? n : cj_option_fail_at(reader, mark, first);
}

/*
 * The arguments that a clause is; an option of the backups is added to *options
 * instead.
 */
static Node *
make_argument(const CjClause *clause, const char *str, List **options)
{
	List	   *option;

	switch ((AlterClause) clause->kind)
	{
		case ALTER_ID:
			return cj_option_argument("schedule_id",
									  cj_shape_cast(cj_translate_expression(str, clause->start, clause->end), "int8"),
									  clause->start);
		case ALTER_LABEL:
			return cj_option_argument("label", cj_option_string(str, clause->value, clause->end, true),
									  clause->value);
		case ALTER_INTO:
			return cj_option_argument("destination", cj_option_strings(str, clause->value, clause->end),
									  clause->value);
		case ALTER_RECURRENCE:
			return cj_option_argument("recurrence", cj_option_string(str, clause->value, clause->end, false),
									  clause->value);
		case ALTER_FULL_BACKUP:
			return cj_option_argument("full_backup", cj_option_full_backup(str, clause), clause->value);
		case ALTER_EXECUTE:
		case ALTER_EXECUTE_FULL:
			return cj_option_argument("execute",
									  cj_shape_text(clause->kind == ALTER_EXECUTE ? "next" : "full", clause->start),
									  clause->start);
		case ALTER_WITH:
		case ALTER_OPTION:
			break;
	}

	option = cj_option_list(str, clause->value, clause->end);
	if (list_length(option) > 1 || str[clause->value] == '(')
		cj_syntax_error_at(str, clause->value);
	if (clause->kind == ALTER_OPTION)
		return cj_option_schedule_argument(str, linitial(option), CJ_OPTION_ALTER);
	if (!cj_schedule_is_backup_option(((CjOption *) linitial(option))->name))
		cj_syntax_error_at(str, clause->value);
	*options = list_concat(*options, option);
	return NULL;
}

/*
 * CjFamily.make
 */
static Node *
make_alter(const CjMark *mark, Node *operand, const char *str)
{
	List	   *arguments = NIL;
	List	   *options = NIL;
	ListCell   *lc;

	if (list_length(mark->clauses) < 2)
		cj_syntax_error_at(str, mark->end);
	foreach(lc, mark->clauses)
	{
		Node	   *argument = make_argument(lfirst(lc), str, &options);

		if (argument != NULL)
			arguments = lappend(arguments, argument);
	}
	if (options != NIL)
		arguments = lappend(arguments,
							cj_option_argument("options", cj_option_object(str, options), mark->start));
	return cj_shape_select("alter_backup_schedule", arguments, "alter_backup_schedule",
						   mark->start);
}

/*
 * CjFamily.function
 */
static const char *
alter_function(const CjMark *mark)
{
	return "jobs.alter_backup_schedule()";
}

/*
 * CjFamily.usage
 */
static const char *
alter_usage(const CjMark *mark)
{
	return "Write ALTER BACKUP SCHEDULE number and one or more of SET LABEL string, SET INTO string,"
		" SET WITH option = value, SET RECURRING string, SET FULL BACKUP string or ALWAYS,"
		" SET SCHEDULE OPTION option = value, EXECUTE IMMEDIATELY and EXECUTE FULL IMMEDIATELY.";
}

static const CjTag tags[] = {
	{"alter backup schedule", "SCHEDULED BACKUP"},
	{NULL}
};

const CjFamily cj_family_alter_schedule = {
	.keywords = alter_keywords,
	.recognise = recognise_alter,
	.read_clause = read_alter,
	.make = make_alter,
	.function = alter_function,
	.usage = alter_usage,
	.tags = tags
};
