/*-------------------------------------------------------------------------
 *
 * syntax_show.c
 *	  SHOW of jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_show.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/parser.h"

#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"

/* CjMark.form */
typedef enum ShowForm
{
	SHOW_JOBS,
	SHOW_JOBS_WHEN_COMPLETE,
	SHOW_JOBS_FOR_SCHEDULES,
	SHOW_AUTOMATIC_JOBS,
	SHOW_CHANGEFEED_JOBS
} ShowForm;

static const char *const functions[] = {
	[SHOW_JOBS] = "show_jobs",
	[SHOW_JOBS_WHEN_COMPLETE] = "show_jobs_when_complete",
	[SHOW_JOBS_FOR_SCHEDULES] = "show_jobs_for_schedules",
	[SHOW_AUTOMATIC_JOBS] = "show_automatic_jobs",
	[SHOW_CHANGEFEED_JOBS] = "show_changefeed_jobs"
};

/* An option: WITH words. */
typedef struct ShowOption
{
	const char *words;
	int			nwords;
	ShowForm	form;			/* of what it is one */
	const char *columns;		/* that it adds, as a target list; NULL for
								 * none */
} ShowOption;

/* In the order of their columns. */
static const ShowOption options[] = {
	{"execution details", 2, SHOW_JOBS,
	"NULL::pg_catalog.text AS plan_diagram, NULL::pg_catalog.text AS component_fraction_progressed"},
	{"resolved timestamp", 2, SHOW_JOBS,
	"jobs.resolved_timestamp(show_jobs.job_id) AS resolved"},
	{"watched_tables", 1, SHOW_CHANGEFEED_JOBS, NULL}
};

static const char *const show_keywords[] = {"job", NULL};

static const char usage[] =
"Write SHOW JOBS, JOB expression or JOBS query, with or without WITH EXECUTION DETAILS or RESOLVED TIMESTAMP;"
" SHOW JOB WHEN COMPLETE expression or JOBS WHEN COMPLETE query; SHOW JOBS FOR SCHEDULE expression or FOR SCHEDULES query;"
" SHOW AUTOMATIC JOBS.";

static const char changefeed_usage[] =
"Write SHOW CHANGEFEED JOBS, CHANGEFEED JOB expression or CHANGEFEED JOBS query.";

/*
 * The option that begins at the n-th token, NULL if none does.
 */
static const ShowOption *
find_option(CjReader *reader, int n, const CjMark *mark)
{
	for (int i = 0; i < lengthof(options); i++)
	{
		if ((int) options[i].form == mark->form &&
			cj_reader_has_words(reader, n, options[i].words))
			return &options[i];
	}
	return NULL;
}

/*
 * CjFamily.recognise for SHOW AUTOMATIC JOBS.
 */
static int
recognise_automatic(CjReader *reader, CjMark *mark)
{
	mark->form = SHOW_AUTOMATIC_JOBS;
	mark->shape = CJ_SHAPE_NOTHING;
	mark->rows = true;
	if (cj_reader_has_word(reader, 2, "jobs"))
		return 3;
	/* There is no parameter of two words either. */
	if (!cj_reader_has_word(reader, 2, "job"))
		return 0;
	mark->error = cj_reader_peek(reader, 2).start;
	return 2;
}

/*
 * At the n-th token, behind JOBS: does an expression or query come, or is that
 * all?
 */
static bool
has_operand(CjReader *reader, int n, const CjMark *mark)
{
	return !cj_reader_ends(reader, n) &&
		!(cj_reader_has_word(reader, n, "with") &&
		  find_option(reader, n + 1, mark) != NULL);
}

/*
 * The words that can stand behind SHOW JOBS, before an expression or query; the
 * first of them is the n-th token.  Returns their number.
 */
static int
recognise_variant(CjReader *reader, int n, CjMark *mark)
{
	bool		single = mark->shape == CJ_SHAPE_EXPRESSION;

	if (cj_reader_has_words(reader, n, "when complete"))
	{
		mark->form = SHOW_JOBS_WHEN_COMPLETE;
		return 2;
	}
	if (single || !cj_reader_has_word(reader, n, "for"))
		return 0;

	mark->form = SHOW_JOBS_FOR_SCHEDULES;
	if (cj_reader_has_word(reader, n + 1, "schedule"))
		mark->shape = CJ_SHAPE_EXPRESSION;
	else if (!cj_reader_has_word(reader, n + 1, "schedules"))
	{
		mark->error = cj_reader_peek(reader, n + 1).start;
		return 1;
	}
	return 2;
}

/*
 * CjFamily.recognise
 *
 * SHOW JOBS by itself stays as it is: PostgreSQL parses it.  So does SHOW of a
 * parameter called jobs.something.
 */
static int
recognise_show(CjReader *reader, CjMark *mark)
{
	int			n = 1;

	if (!cj_reader_has_word(reader, 0, "show"))
		return 0;
	if (cj_reader_has_word(reader, n, "automatic"))
		return recognise_automatic(reader, mark);
	if (cj_reader_has_word(reader, n, "changefeed"))
	{
		mark->form = SHOW_CHANGEFEED_JOBS;
		n++;
	}
	if (cj_reader_has_word(reader, n, "job"))
		mark->shape = CJ_SHAPE_EXPRESSION;
	else if (cj_reader_has_word(reader, n, "jobs"))
		mark->shape = CJ_SHAPE_QUERY;
	else
		return 0;
	n++;
	if (n == 2 &&
		(cj_reader_has_symbol(reader, n, '.') ||
		 (cj_reader_ends(reader, n) && mark->place == CJ_PLACE_STATEMENT)))
		return 0;

	mark->rows = true;
	if (mark->form == SHOW_JOBS)
		n += recognise_variant(reader, n, mark);
	if (mark->shape == CJ_SHAPE_QUERY && mark->error < 0 &&
		(mark->form == SHOW_JOBS || mark->form == SHOW_CHANGEFEED_JOBS) &&
		!has_operand(reader, n, mark))
		mark->shape = CJ_SHAPE_NOTHING;
	return n;
}

/*
 * CjFamily.read_clause: WITH option, ..
 */
static int
read_options(CjReader *reader, CjMark *mark, CjClause *clause)
{
	const ShowOption *option;
	int			n = 0;

	if (!cj_reader_has_word(reader, n, "with") ||
		find_option(reader, n + 1, mark) == NULL)
		return 0;
	do
	{
		n++;
		option = find_option(reader, n, mark);
		if (option == NULL)
		{
			mark->error = cj_reader_peek(reader, n).start;
			return n;
		}
		clause->kind |= 1 << (option - options);
		n += option->nwords;
	} while (cj_reader_has_symbol(reader, n, ','));
	return n;
}

/*
 * Add the columns of the options to a SELECT.
 */
static void
add_columns(SelectStmt *statement, const CjMark *mark)
{
	const CjClause *clause = mark->clauses == NIL ? NULL : linitial(mark->clauses);

	for (int i = 0; clause != NULL && i < lengthof(options); i++)
	{
		List	   *parsed;

		if ((clause->kind & (1 << i)) == 0 || options[i].columns == NULL)
			continue;
		parsed = raw_parser(options[i].columns, RAW_PARSE_PLPGSQL_EXPR);
		statement->targetList =
			list_concat(statement->targetList,
						castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt)->targetList);
	}
}

/*
 * CjFamily.make
 */
static Node *
make_show(const CjMark *mark, Node *operand, const char *str)
{
	List	   *arguments = NIL;
	Node	   *statement;

	if (operand != NULL)
		arguments = list_make1(cj_shape_array((SelectStmt *) operand,
											  mark->start));
	statement = cj_shape_select(functions[mark->form], arguments, "show_jobs",
								mark->start);
	add_columns((SelectStmt *) statement, mark);
	return statement;
}

/*
 * CjFamily.function
 */
static const char *
show_function(const CjMark *mark)
{
	return psprintf("jobs.%s()", functions[mark->form]);
}

/*
 * CjFamily.usage
 */
static const char *
show_usage(const CjMark *mark)
{
	return mark->form == SHOW_CHANGEFEED_JOBS ? changefeed_usage : usage;
}

static const CjParameter parameters[] = {
	{"jobs", "SELECT * FROM jobs.show_jobs()", usage, "SHOW JOBS", "jobs.show_jobs()"},
	{"job", NULL, usage, "SHOW JOBS", "jobs.show_jobs()"},
	{NULL}
};

static const CjTag tags[] = {
	{"show job", "SHOW JOBS"},
	{"show jobs", "SHOW JOBS"},
	{"show automatic jobs", "SHOW JOBS"},
	{"show changefeed job", "SHOW CHANGEFEED JOBS"},
	{"show changefeed jobs", "SHOW CHANGEFEED JOBS"},
	{NULL}
};

const CjFamily cj_family_show = {
	.keywords = show_keywords,
	.recognise = recognise_show,
	.read_clause = read_options,
	.make = make_show,
	.function = show_function,
	.usage = show_usage,
	.parameters = parameters,
	.tags = tags
};
