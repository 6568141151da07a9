/*-------------------------------------------------------------------------
 *
 * syntax_parameter.c
 *	  Statements of ours that PostgreSQL takes for SHOW of a parameter.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_parameter.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "nodes/makefuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "base/base_extension.h"
#include "syntax/syntax_availability.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_parameter.h"

/* Names that no application gives to a prepared statement: the tag, behind this. */
#define STATEMENT_NAME_PREFIX "cancel_job: "

/* Those that this session has used, of CjParameter. */
static List *used = NIL;

/*
 * The name of the prepared statement that runs one.
 */
static char *
statement_name(const CjParameter *parameter)
{
	return psprintf(STATEMENT_NAME_PREFIX "%s", parameter->tag);
}

/*
 * The statement whose prepared statement has this name; NULL if it is not one
 * of ours.
 */
static const CjParameter *
find_prepared(const char *name)
{
	if (name == NULL ||
		strncmp(name, STATEMENT_NAME_PREFIX, strlen(STATEMENT_NAME_PREFIX)) != 0)
		return NULL;
	return cj_family_parameter(NULL, name + strlen(STATEMENT_NAME_PREFIX));
}

/*
 * Has the session the prepared statement?  Raises an error if somebody has
 * given its name to another one: SHOW JOBS in a SECURITY DEFINER function would
 * run that with the function's rights.
 */
static bool
is_prepared(const CjParameter *parameter)
{
	char	   *name = statement_name(parameter);
	PreparedStatement *prepared = FetchPreparedStatement(name, false);

	if (prepared != NULL &&
		strcmp(prepared->plansource->query_string, parameter->query) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("prepared statement name \"%s\" is reserved", name)));
	return prepared != NULL;
}

/*
 * Make the prepared statement, if the session has none.
 */
static void
prepare_statement(const CjParameter *parameter)
{
	CachedPlanSource *source;
	RawStmt    *statement;
	List	   *queries;
	MemoryContext old;

	if (is_prepared(parameter))
		return;

	statement = linitial_node(RawStmt, raw_parser(parameter->query, RAW_PARSE_DEFAULT));
	source = CreateCachedPlan(statement, parameter->query, CMDTAG_SELECT);
	queries = pg_analyze_and_rewrite_fixedparams(statement, parameter->query,
												 NULL, 0, NULL);
	CompleteCachedPlan(source, queries, NULL, NULL, 0, NULL, NULL,
					   CURSOR_OPT_PARALLEL_OK, true);
	StorePreparedStatement(statement_name(parameter), source, false);

	old = MemoryContextSwitchTo(TopMemoryContext);
	used = list_append_unique_ptr(used, unconstify(CjParameter *, parameter));
	MemoryContextSwitchTo(old);
}

/*
 * If an analysed utility statement is one of ours that PostgreSQL takes for
 * SHOW of a parameter, let it run the prepared statement: that gives rows, a
 * row description and every protocol.
 *
 * No parameter is called so, since an extension's has a dot in its name.
 * Where statements of ours cannot be used, this raises the error that
 * PostgreSQL would, with a hint.
 */
void
cj_parameter_translate(ParseState *pstate, Query *query)
{
	const CjParameter *parameter;
	ExecuteStmt *execute;
	char	   *hint;

	if (!IsA(query->utilityStmt, VariableShowStmt))
		return;
	parameter = cj_family_parameter(((VariableShowStmt *) query->utilityStmt)->name,
									NULL);
	if (parameter == NULL)
		return;

	hint = cj_availability_hint(parameter->function);
	if (hint != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("unrecognized configuration parameter \"%s\"",
						parameter->name),
				 errhint("%s", hint)));
	if (parameter->query == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("syntax error at end of input"),
				 errhint("%s", parameter->usage),
				 parser_errposition(pstate,
									query->stmt_len > 0 ?
									query->stmt_location + query->stmt_len :
									strlen(pstate->p_sourcetext))));

	prepare_statement(parameter);
	execute = makeNode(ExecuteStmt);
	execute->name = statement_name(parameter);
	query->utilityStmt = (Node *) execute;
}

/*
 * Before a statement is run, maybe from a plan that was made long ago: if it
 * runs a prepared statement of ours, return its command tag, else NULL.  Raises
 * an error if it would run anything else.
 */
const char *
cj_parameter_tag(Node *statement)
{
	const CjParameter *parameter;

	if (!IsA(statement, ExecuteStmt))
		return NULL;
	parameter = find_prepared(((ExecuteStmt *) statement)->name);
	if (parameter == NULL)
		return NULL;
	if (cj_extension_exists())
		(void) is_prepared(parameter);
	return parameter->tag;
}

/*
 * Does this statement drop prepared statements of ours?
 */
bool
cj_parameter_is_dropped_by(Node *statement)
{
	if (IsA(statement, DiscardStmt))
		return ((DiscardStmt *) statement)->target == DISCARD_ALL;
	if (IsA(statement, DeallocateStmt))
	{
		const char *name = ((DeallocateStmt *) statement)->name;

		return name == NULL || find_prepared(name) != NULL;
	}
	return false;
}

/*
 * After a statement for which cj_parameter_is_dropped_by() holds: a plan that
 * PL/pgSQL keeps may still need the prepared statements.
 */
void
cj_parameter_refresh(void)
{
	ListCell   *lc;

	if (used == NIL || !cj_extension_exists())
		return;
	foreach(lc, used)
		prepare_statement(lfirst(lc));
}
