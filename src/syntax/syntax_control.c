/*-------------------------------------------------------------------------
 *
 * syntax_control.c
 *	  CANCEL, PAUSE and RESUME of jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_control.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "utils/formatting.h"

#include "job/job_control_many.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_translate.h"

static const char *const control_keywords[] = {"job", NULL};

/* What jobs a statement is about; CjMark.form is this. */
typedef enum ControlForm
{
	CONTROL_JOBS,
	CONTROL_SCHEDULES,
	CONTROL_TYPE
} ControlForm;

/*
 * CjCommand.run of CANCEL JOBS and the like; the text is the reason.
 */
static int64
control_jobs(const CjCommand *command, CjCommandInput *input)
{
	return cj_job_control((CjControlVerb) command->verb, input->ids,
						  input->nids, input->texts[0]);
}

/*
 * CjCommand.run of CANCEL JOBS FOR SCHEDULES and the like.
 */
static int64
control_schedules(const CjCommand *command, CjCommandInput *input)
{
	return cj_job_control_schedules((CjControlVerb) command->verb, input->ids,
									input->nids, input->texts[0]);
}

/*
 * CjCommand.run of CANCEL ALL type JOBS and the like; the second text is the
 * type.
 */
static int64
control_type(const CjCommand *command, CjCommandInput *input)
{
	const char *type = input->texts[1];
	const char *verb_end = strchr(command->name, ' ');

	if (type == NULL)
		return 0;
	snprintf(input->tag, sizeof(input->tag), "%.*s ALL %s JOBS",
			 (int) (verb_end - command->name), command->name,
			 asc_toupper(type, strlen(type)));
	return cj_job_control_type((CjControlVerb) command->verb, type,
							   input->texts[0]);
}

#define COMMANDS(verb) \
	{#verb " JOBS", "job_id", CJ_CONTROL_##verb, control_jobs}, \
	{#verb " JOBS FOR SCHEDULES", "schedule_id", CJ_CONTROL_##verb, control_schedules}, \
	{#verb " ALL JOBS", "job_id", CJ_CONTROL_##verb, control_type}

/* In the order of CjControlVerb, and then of ControlForm. */
static const CjCommand commands[] = {
	COMMANDS(CANCEL),
	COMMANDS(PAUSE),
	COMMANDS(RESUME),
	{NULL}
};

/*
 * The command of a form with a verb.
 */
static const CjCommand *
find_command(CjControlVerb verb, ControlForm form)
{
	return &commands[verb * (CONTROL_TYPE + 1) + form];
}

/*
 * The verb of a statement.
 */
static CjControlVerb
verb_of(const CjMark *mark)
{
	return (CjControlVerb) cj_family_command(mark->command)->verb;
}

/*
 * Is the current token one of the verbs?
 */
static bool
read_verb(CjReader *reader, CjControlVerb *verb)
{
	if (cj_reader_has_word(reader, 0, "cancel"))
		*verb = CJ_CONTROL_CANCEL;
	else if (cj_reader_has_word(reader, 0, "pause"))
		*verb = CJ_CONTROL_PAUSE;
	else if (cj_reader_has_word(reader, 0, "resume"))
		*verb = CJ_CONTROL_RESUME;
	else
		return false;
	return true;
}

/*
 * Is one of the tokens from the n-th to the last-th the word JOB or JOBS?
 */
static bool
has_job(CjReader *reader, int n, int last)
{
	for (; n <= last; n++)
	{
		if (cj_reader_has_word(reader, n, "job") ||
			cj_reader_has_word(reader, n, "jobs"))
			return true;
	}
	return false;
}

/*
 * CjFamily.recognise for CANCEL ALL type JOBS and the like, also if the type is
 * missing or has two words.
 */
static int
recognise_all(CjReader *reader, CjMark *mark, CjControlVerb verb)
{
	CjToken		type = cj_reader_peek(reader, 2);

	if (!has_job(reader, 2, 4))
		return 0;
	mark->form = CONTROL_TYPE;
	mark->command = find_command(verb, CONTROL_TYPE)->name;
	mark->shape = CJ_SHAPE_NOTHING;
	mark->detail = type.start;
	if (cj_reader_ends(reader, 2) || type.symbol != 0)
		mark->error = type.start;
	else if (!cj_reader_has_word(reader, 3, "jobs"))
		mark->error = cj_reader_peek(reader, 3).start;
	return mark->error >= 0 ? 2 : 4;
}

/*
 * CjFamily.recognise
 */
static int
recognise_control(CjReader *reader, CjMark *mark)
{
	CjControlVerb verb;
	bool		single;
	int			nwords = 2;

	if (!read_verb(reader, &verb))
		return 0;
	if (cj_reader_has_word(reader, 1, "all"))
		return recognise_all(reader, mark, verb);

	single = cj_reader_has_word(reader, 1, "job");
	if (!single && !cj_reader_has_word(reader, 1, "jobs"))
		return 0;
	mark->form = CONTROL_JOBS;
	if (!single && cj_reader_has_word(reader, 2, "for"))
	{
		mark->form = CONTROL_SCHEDULES;
		single = cj_reader_has_word(reader, 3, "schedule");
		if (!single && !cj_reader_has_word(reader, 3, "schedules"))
			mark->error = cj_reader_peek(reader, 3).start;
		nwords = mark->error >= 0 ? 3 : 4;
	}
	mark->command = find_command(verb, mark->form)->name;
	mark->shape = single ? CJ_SHAPE_EXPRESSION : CJ_SHAPE_QUERY;
	return nwords;
}

/*
 * Can a statement have a reason?  CockroachDB knows one for PAUSE of jobs that
 * are named; ours is that of CANCEL.
 */
static bool
may_have_reason(const CjMark *mark)
{
	CjControlVerb verb = verb_of(mark);

	return verb == CJ_CONTROL_CANCEL ||
		(verb == CJ_CONTROL_PAUSE && mark->form == CONTROL_JOBS);
}

/*
 * CjFamily.read_clause: WITH REASON = value.  A query may begin with a CTE that
 * is called so.
 */
static int
read_reason(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			ntokens;

	if (!cj_reader_has_words(reader, 0, "with reason") ||
		cj_reader_has_word(reader, 2, "as") ||
		cj_reader_has_symbol(reader, 2, '(') || !may_have_reason(mark))
		return 0;

	ntokens = cj_reader_count_rest(reader);
	if (!cj_reader_has_symbol(reader, 2, '='))
		mark->error = cj_reader_peek(reader, 2).start;
	else if (ntokens < 4)
		mark->error = cj_reader_peek(reader, 3).start;
	clause->value = cj_reader_peek(reader, 3).start;
	return ntokens;
}

/*
 * The reason of a statement: a string, a parameter, or a bare name, which
 * stands for itself; NULL if it has none.
 */
static Node *
make_reason(const CjMark *mark, const char *str)
{
	const CjClause *clause;
	Node	   *value;
	const ColumnRef *name;

	if (mark->clauses == NIL)
		return NULL;

	clause = linitial(mark->clauses);
	value = cj_translate_expression(str, clause->value, clause->end);
	if (IsA(value, ParamRef) ||
		(IsA(value, A_Const) && !((A_Const *) value)->isnull &&
		 IsA(&((A_Const *) value)->val, String)))
		return cj_shape_cast(value, "text");

	name = (const ColumnRef *) value;
	if (!IsA(value, ColumnRef) || list_length(name->fields) != 1 ||
		!IsA(linitial(name->fields), String))
		cj_syntax_error_at(str, clause->value);
	return cj_shape_text(strVal(linitial(name->fields)), -1);
}

/*
 * The query and texts of CANCEL ALL type JOBS: no ids, the reason, the type.
 */
static Node *
make_all(const CjMark *mark, Node *reason, const char *str)
{
	char	   *type = cj_scan_name_at(str, mark->detail);
	SelectStmt *query;

	if (type == NULL)
		cj_syntax_error_at(str, mark->detail);
	query = makeNode(SelectStmt);
	query->targetList = list_make1(cj_shape_target(cj_shape_cast(cj_shape_string(NULL, -1), "int8")));
	if (reason == NULL)
		reason = cj_shape_text(NULL, -1);
	return cj_command_make(mark->command, query,
						   list_make2(reason, cj_shape_text(type, -1)));
}

/*
 * CjFamily.make
 */
static Node *
make_control(const CjMark *mark, Node *operand, const char *str)
{
	Node	   *reason = make_reason(mark, str);

	if (mark->form == CONTROL_TYPE)
		return make_all(mark, reason, str);
	return cj_command_make(mark->command, (SelectStmt *) operand,
						   reason != NULL ? list_make1(reason) : NIL);
}

/*
 * CjFamily.function
 */
static const char *
control_function(const CjMark *mark)
{
	static const char *const suffixes[] = {
		[CONTROL_JOBS] = "",
		[CONTROL_SCHEDULES] = "_jobs_for_schedules",
		[CONTROL_TYPE] = "_all"
	};
	int			verb_len = strcspn(mark->command, " ");

	return psprintf("jobs.%s%s()", asc_tolower(mark->command, verb_len),
					suffixes[mark->form]);
}

/*
 * CjFamily.usage
 */
static const char *
control_usage(const CjMark *mark)
{
	static const char *const reasons[] = {
		[CJ_CONTROL_CANCEL] = ", with or without WITH REASON = string",
		[CJ_CONTROL_PAUSE] = "; behind the first two can stand WITH REASON = string",
		[CJ_CONTROL_RESUME] = ""
	};
	int			verb_len = strcspn(mark->command, " ");
	char	   *verb = pnstrdup(mark->command, verb_len);

	return psprintf("Write %s JOB expression, JOBS query, JOBS FOR SCHEDULE expression, JOBS FOR SCHEDULES query or ALL type JOBS%s.",
					verb, reasons[verb_of(mark)]);
}

const CjFamily cj_family_control = {
	.keywords = control_keywords,
	.recognise = recognise_control,
	.read_clause = read_reason,
	.make = make_control,
	.function = control_function,
	.usage = control_usage,
	.commands = commands
};
