/*-------------------------------------------------------------------------
 *
 * syntax_alter.c
 *	  ALTER JOB .. OWNER TO.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_alter.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "parser/parser.h"
#include "utils/acl.h"

#include "job/job_owner.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_role_name.h"

static const char *const alter_keywords[] = {"job", NULL};

/*
 * CjCommand.run
 */
static int64
alter_owner(const CjCommand *command, CjCommandInput *input)
{
	Oid			to = get_role_oid(input->texts[0], false);

	for (int i = 0; i < input->nids; i++)
		cj_job_owner_alter(input->ids[i], to);
	return -1;
}

static const CjCommand commands[] = {
	{"ALTER JOB OWNER", "job_id", 0, alter_owner},
	{NULL}
};

/*
 * CjFamily.recognise
 */
static int
recognise_alter(CjReader *reader, CjMark *mark)
{
	if (!cj_reader_has_words(reader, 0, "alter job"))
		return 0;
	mark->shape = CJ_SHAPE_EXPRESSION;
	mark->command = commands[0].name;
	return 2;
}

/*
 * CjFamily.read_clause: OWNER TO takes the rest.
 */
static int
read_alter_clause(CjReader *reader, CjMark *mark, CjClause *clause)
{
	if (mark->clauses != NIL || !cj_reader_has_words(reader, 0, "owner to"))
		return 0;
	clause->value = cj_reader_peek(reader, 2).start;
	return cj_reader_count_rest(reader);
}

/*
 * CjFamily.make
 */
static Node *
make_alter(const CjMark *mark, Node *operand, const char *str)
{
	CjClause   *clause;
	List	   *roles;

	if (mark->clauses == NIL)
		cj_syntax_error_at(str, mark->end);
	clause = linitial(mark->clauses);
	roles = cj_role_name_list(str, clause->value, mark->end);
	if (list_length(roles) != 1)
		cj_syntax_error_at(str, clause->value);
	return cj_command_make(mark->command, (SelectStmt *) operand, roles);
}

/*
 * CjFamily.function
 */
static const char *
alter_function(const CjMark *mark)
{
	return "jobs.alter_owner()";
}

/*
 * CjFamily.usage
 */
static const char *
alter_usage(const CjMark *mark)
{
	return "Write ALTER JOB expression OWNER TO role.";
}

const CjFamily cj_family_alter = {
	.keywords = alter_keywords,
	.recognise = recognise_alter,
	.read_clause = read_alter_clause,
	.make = make_alter,
	.function = alter_function,
	.usage = alter_usage,
	.commands = commands
};
