/*-------------------------------------------------------------------------
 *
 * syntax_role_name.c
 *	  The names of roles in statements of ours.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_role_name.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parser.h"

#include "syntax/syntax_error.h"
#include "syntax/syntax_role_name.h"
#include "syntax/syntax_shape.h"

/* What roles are put behind to be parsed. */
#define ROLE_STATEMENT "DROP ROLE "

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
 * The roles in a stretch of a text, as RoleSpecs.  Raises the parser's errors.
 */
static List *
parse_roles(const char *str, int begin, int end)
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
	if (node == NULL || !IsA(node, DropRoleStmt) || ((DropRoleStmt *) node)->missing_ok)
		cj_syntax_error_at(str, begin);
	return ((DropRoleStmt *) node)->roles;
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
 * Expressions, of type text, for the names of the roles in a stretch of a text: a
 * list of roles as in DROP ROLE.  Raises the parser's errors, at their places in
 * the text.
 */
List *
cj_role_name_list(const char *str, int begin, int end)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, parse_roles(str, begin, end))
		names = lappend(names, cj_shape_cast(make_role_name(lfirst_node(RoleSpec, lc)), "text"));
	return names;
}
