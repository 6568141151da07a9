/*-------------------------------------------------------------------------
 *
 * syntax_schedule.c
 *	  SHOW, PAUSE, RESUME, DROP and EXECUTE of schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_schedule.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/formatting.h"

#include "schedule/schedule.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"

static const char *const schedule_keywords[] = {"schedule", NULL};

/* CjMark.form */
typedef enum ScheduleForm
{
	SCHEDULE_CONTROL,
	SCHEDULE_SHOW,
	SCHEDULE_SHOW_CREATE
} ScheduleForm;

/* CjMark.detail of SCHEDULE_SHOW: which status, and whether a type is named. */
#define SHOW_RUNNING 1
#define SHOW_PAUSED 2

static const char show_usage[] =
"Write SHOW SCHEDULE expression; SHOW SCHEDULES, with or without RUNNING or PAUSED before SCHEDULES and FOR type behind it;"
" SHOW CREATE SCHEDULE expression or SHOW CREATE ALL SCHEDULES.";

/*
 * CjCommand.run
 */
static int64
control_schedules(const CjCommand *command, CjCommandInput *input)
{
	return cj_schedule_control((CjScheduleVerb) command->verb, input->ids,
							   input->nids);
}

/* In the order of CjScheduleVerb. */
static const CjCommand commands[] = {
	{"PAUSE SCHEDULES", "schedule_id", CJ_SCHEDULE_PAUSE, control_schedules},
	{"RESUME SCHEDULES", "schedule_id", CJ_SCHEDULE_RESUME, control_schedules},
	{"DROP SCHEDULES", "schedule_id", CJ_SCHEDULE_DROP, control_schedules},
	{"EXECUTE SCHEDULES", "schedule_id", CJ_SCHEDULE_EXECUTE, control_schedules},
	{NULL}
};

/*
 * CjFamily.recognise for the verbs.  EXECUTE SCHEDULES by itself, or with
 * parameters, is that of a prepared statement.
 */
static int
recognise_control(CjReader *reader, CjMark *mark)
{
	static const char *const verbs[] = {"pause", "resume", "drop", "execute"};
	bool		single = cj_reader_has_word(reader, 1, "schedule");

	if (!single && !cj_reader_has_word(reader, 1, "schedules"))
		return 0;
	for (int i = 0; i < lengthof(verbs); i++)
	{
		if (!cj_reader_has_word(reader, 0, verbs[i]))
			continue;
		if (commands[i].verb == CJ_SCHEDULE_EXECUTE && cj_reader_ends(reader, 2))
			return 0;
		mark->form = SCHEDULE_CONTROL;
		mark->command = commands[i].name;
		mark->shape = single ? CJ_SHAPE_EXPRESSION : CJ_SHAPE_QUERY;
		return 2;
	}
	return 0;
}

/*
 * Note what a SHOW is that was recognised.  Returns the number of its words.
 */
static int
note_show(CjMark *mark, ScheduleForm form, CjShape shape, int nwords)
{
	mark->form = form;
	mark->shape = shape;
	mark->rows = true;
	return nwords;
}

/*
 * CjFamily.recognise for SHOW.
 *
 * SHOW SCHEDULES by itself stays as it is: PostgreSQL parses it.
 */
static int
recognise_show(CjReader *reader, CjMark *mark)
{
	int			detail = 0;
	int			n = 1;

	if (cj_reader_has_words(reader, 1, "create all schedules"))
		return note_show(mark, SCHEDULE_SHOW_CREATE, CJ_SHAPE_NOTHING, 4);
	if (cj_reader_has_words(reader, 1, "create schedule"))
		return note_show(mark, SCHEDULE_SHOW_CREATE, CJ_SHAPE_EXPRESSION, 3);
	if (cj_reader_has_word(reader, 1, "schedule"))
		return cj_reader_has_symbol(reader, 2, '.') ? 0 :
			note_show(mark, SCHEDULE_SHOW, CJ_SHAPE_EXPRESSION, 2);

	if (cj_reader_has_word(reader, n, "running"))
		detail = SHOW_RUNNING;
	else if (cj_reader_has_word(reader, n, "paused"))
		detail = SHOW_PAUSED;
	n += detail != 0;
	if (!cj_reader_has_word(reader, n, "schedules") ||
		cj_reader_has_symbol(reader, n + 1, '.') ||
		(n == 1 && cj_reader_ends(reader, 2) && mark->place == CJ_PLACE_STATEMENT))
		return 0;
	mark->detail = detail;
	return note_show(mark, SCHEDULE_SHOW, CJ_SHAPE_NOTHING, n + 1);
}

/*
 * CjFamily.recognise
 */
static int
recognise_schedule(CjReader *reader, CjMark *mark)
{
	if (cj_reader_has_word(reader, 0, "show"))
		return recognise_show(reader, mark);
	return recognise_control(reader, mark);
}

/*
 * CjFamily.read_clause: FOR type, a word or some
 */
static int
read_type(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			ntokens;

	if (mark->form != SCHEDULE_SHOW || mark->shape != CJ_SHAPE_NOTHING ||
		mark->clauses != NIL || !cj_reader_has_word(reader, 0, "for"))
		return 0;
	ntokens = cj_reader_count_rest(reader);
	for (int i = 1; i < Max(ntokens, 2); i++)
	{
		CjToken		token = cj_reader_peek(reader, i);

		if (token.end || token.wordlen == 0)
		{
			mark->error = token.start;
			break;
		}
	}
	clause->value = cj_reader_peek(reader, 1).start;
	return ntokens;
}

/*
 * The words of a clause in upper case, one blank between two of them.
 */
static char *
type_words(const CjClause *clause, const char *str)
{
	CjReader	reader;
	StringInfoData words;

	initStringInfo(&words);
	cj_reader_begin(&reader, str, strlen(str));
	while (cj_reader_peek(&reader, 0).start < clause->end && !cj_reader_peek(&reader, 0).end)
	{
		CjToken		token = cj_reader_peek(&reader, 0);

		if (token.start >= clause->value)
			appendStringInfo(&words, "%s%s", words.len > 0 ? " " : "",
							 asc_toupper(str + token.start, token.wordlen));
		cj_reader_advance(&reader);
	}
	cj_reader_end(&reader);
	return words.data;
}

/*
 * CjFamily.make
 */
static Node *
make_schedule(const CjMark *mark, Node *operand, const char *str)
{
	List	   *arguments;

	if (mark->form == SCHEDULE_CONTROL)
		return cj_command_make(mark->command, (SelectStmt *) operand, NIL);

	if (operand != NULL)
		arguments = list_make1(cj_shape_array((SelectStmt *) operand, mark->start));
	else if (mark->form == SCHEDULE_SHOW_CREATE)
		arguments = list_make1(cj_shape_string(NULL, -1));
	else
		arguments = list_make2(cj_shape_text(mark->detail == SHOW_RUNNING ? "ACTIVE" :
											 mark->detail == SHOW_PAUSED ? "PAUSED" : NULL, -1),
							   cj_shape_text(mark->clauses == NIL ? NULL :
											 type_words(linitial(mark->clauses), str), -1));
	return cj_shape_select(mark->form == SCHEDULE_SHOW ? "show_schedules" : "show_create_schedules",
						   arguments, "show_schedules", mark->start);
}

/*
 * CjFamily.function
 */
static const char *
schedule_function(const CjMark *mark)
{
	switch ((ScheduleForm) mark->form)
	{
		case SCHEDULE_SHOW:
			return "jobs.show_schedules()";
		case SCHEDULE_SHOW_CREATE:
			return "jobs.show_create_schedules()";
		case SCHEDULE_CONTROL:
			break;
	}
	return psprintf("jobs.%s_schedules()",
					asc_tolower(mark->command, strcspn(mark->command, " ")));
}

/*
 * CjFamily.usage
 */
static const char *
schedule_usage(const CjMark *mark)
{
	char	   *verb;

	if (mark->form != SCHEDULE_CONTROL)
		return show_usage;
	verb = pnstrdup(mark->command, strcspn(mark->command, " "));
	return psprintf("Write %s SCHEDULE expression or %s SCHEDULES query.", verb, verb);
}

static const CjParameter parameters[] = {
	{"schedules", "SELECT * FROM jobs.show_schedules()", show_usage, "SHOW SCHEDULES", "jobs.show_schedules()"},
	{"schedule", NULL, show_usage, "SHOW SCHEDULES", "jobs.show_schedules()"},
	{NULL}
};

static const CjTag tags[] = {
	{"show schedule", "SHOW SCHEDULES"},
	{"show schedules", "SHOW SCHEDULES"},
	{"show running schedules", "SHOW SCHEDULES"},
	{"show paused schedules", "SHOW SCHEDULES"},
	{"show create schedule", "SHOW"},
	{"show create all schedules", "SHOW"},
	{NULL}
};

const CjFamily cj_family_schedule = {
	.keywords = schedule_keywords,
	.recognise = recognise_schedule,
	.read_clause = read_type,
	.make = make_schedule,
	.function = schedule_function,
	.usage = schedule_usage,
	.commands = commands,
	.parameters = parameters,
	.tags = tags
};
