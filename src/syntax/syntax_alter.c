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
#include "syntax/syntax_shape.h"

/* What a role is put behind to be parsed. */
#define ROLE_STATEMENT "DROP ROLE "

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
 * Raise the current error, which is about a role that has been parsed behind
 * ROLE_STATEMENT, at its place in the text, where the role begins at "begin".
 */
static void
rethrow_at_role(const char *str, int begin)
{
	ErrorData  *error = CopyErrorData();
	int			at = begin + cj_syntax_offset(str + begin,
											  error->cursorpos - (int) strlen(ROLE_STATEMENT));

	FlushErrorState();
	/* The text goes on where the role ends. */
	if (error->sqlerrcode == ERRCODE_SYNTAX_ERROR)
		cj_syntax_error_at(str, at);
	error->cursorpos = cj_syntax_position(str, at);
	ReThrowError(error);
}

/*
 * The role in a stretch of a text.  Raises the parser's errors.
 */
static RoleSpec *
parse_role(const char *str, int begin, int end)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *statement = psprintf(ROLE_STATEMENT "%.*s", end - begin, str + begin);
	List	   *volatile statements = NIL;
	Node	   *node;

	PG_TRY();
	{
		statements = raw_parser(statement, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		rethrow_at_role(str, begin);
	}
	PG_END_TRY();

	node = list_length(statements) == 1 ? linitial_node(RawStmt, statements)->stmt : NULL;
	if (node == NULL || !IsA(node, DropRoleStmt) ||
		list_length(((DropRoleStmt *) node)->roles) != 1)
		cj_syntax_error_at(str, begin);
	return linitial_node(RoleSpec, ((DropRoleStmt *) node)->roles);
}

/*
 * An expression whose value is the name of a role.
 */
static Node *
make_role_name(const RoleSpec *role)
{
	SQLValueFunction *function = makeNode(SQLValueFunction);

	function->typmod = -1;
	function->location = -1;
	switch (role->roletype)
	{
		case ROLESPEC_CURRENT_ROLE:
		case ROLESPEC_CURRENT_USER:
			function->op = SVFOP_CURRENT_USER;
			return (Node *) function;
		case ROLESPEC_SESSION_USER:
			function->op = SVFOP_SESSION_USER;
			return (Node *) function;
		case ROLESPEC_PUBLIC:
		case ROLESPEC_CSTRING:
			break;
	}
	return cj_shape_string(role->roletype == ROLESPEC_PUBLIC ? "public" : role->rolename, -1);
}

/*
 * CjFamily.make
 */
static Node *
make_alter(const CjMark *mark, Node *operand, const char *str)
{
	CjClause   *clause;
	Node	   *role;

	if (mark->clauses == NIL)
		cj_syntax_error_at(str, mark->end);
	clause = linitial(mark->clauses);
	role = cj_shape_cast(make_role_name(parse_role(str, clause->value, mark->end)), "text");
	return cj_command_make(mark->command, (SelectStmt *) operand, list_make1(role));
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
