/*-------------------------------------------------------------------------
 *
 * syntax_show.c
 *	  SHOW JOBS, which PostgreSQL takes for a parameter.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_show.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/prepare.h"
#include "nodes/makefuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/plancache.h"

#include "base/base_extension.h"
#include "syntax/syntax_availability.h"
#include "syntax/syntax_show.h"

/* A name that no application gives to a prepared statement. */
#define STATEMENT_NAME "cancel_job: SHOW JOBS"

static const char *const str = "SELECT * FROM jobs.show_jobs()";

static bool used = false;

/*
 * Has the session the prepared statement?  Raises an error if somebody has
 * given its name to another one: SHOW JOBS in a SECURITY DEFINER function would
 * run that with the function's rights.
 */
static bool
is_prepared(void)
{
	PreparedStatement *prepared = FetchPreparedStatement(STATEMENT_NAME, false);

	if (prepared != NULL &&
		strcmp(prepared->plansource->query_string, str) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("prepared statement name \"%s\" is reserved",
						STATEMENT_NAME)));
	return prepared != NULL;
}

/*
 * Make the prepared statement that runs SHOW JOBS, if the session has none.
 */
static void
prepare_statement(void)
{
	CachedPlanSource *source;
	RawStmt    *statement;
	List	   *queries;

	if (is_prepared())
		return;

	statement = linitial_node(RawStmt, raw_parser(str, RAW_PARSE_DEFAULT));
	source = CreateCachedPlan(statement, str, CMDTAG_SELECT);
	queries = pg_analyze_and_rewrite_fixedparams(statement, str, NULL, 0, NULL);
	CompleteCachedPlan(source, queries, NULL, NULL, 0, NULL, NULL,
					   CURSOR_OPT_PARALLEL_OK, true);
	StorePreparedStatement(STATEMENT_NAME, source, false);
	used = true;
}

/*
 * If an analysed utility statement is SHOW JOBS, let it run the prepared
 * statement: that gives rows, a row description and every protocol.
 *
 * No parameter is called so, since an extension's has a dot in its name.
 * Where statements of ours cannot be used, this raises the error that
 * PostgreSQL would, with a hint.
 */
void
cj_show_translate(Query *query)
{
	ExecuteStmt *execute;
	char	   *hint;

	if (!IsA(query->utilityStmt, VariableShowStmt) ||
		strcmp(((VariableShowStmt *) query->utilityStmt)->name, "jobs") != 0)
		return;

	hint = cj_availability_hint("jobs.show_jobs()");
	if (hint != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("unrecognized configuration parameter \"jobs\""),
				 errhint("%s", hint)));

	prepare_statement();
	execute = makeNode(ExecuteStmt);
	execute->name = pstrdup(STATEMENT_NAME);
	query->utilityStmt = (Node *) execute;
}

/*
 * Does this statement run the prepared statement of SHOW JOBS?
 */
bool
cj_show_is_ours(Node *statement)
{
	return IsA(statement, ExecuteStmt) &&
		strcmp(((ExecuteStmt *) statement)->name, STATEMENT_NAME) == 0;
}

/*
 * Before a statement for which cj_show_is_ours() holds is run, maybe from a
 * plan that was made long ago: raise an error if it would run anything else.
 */
void
cj_show_check(void)
{
	if (cj_extension_exists())
		(void) is_prepared();
}

/*
 * Does this statement drop the prepared statement of SHOW JOBS?
 */
bool
cj_show_is_dropped_by(Node *statement)
{
	if (IsA(statement, DiscardStmt))
		return ((DiscardStmt *) statement)->target == DISCARD_ALL;
	if (IsA(statement, DeallocateStmt))
	{
		const char *name = ((DeallocateStmt *) statement)->name;

		return name == NULL || strcmp(name, STATEMENT_NAME) == 0;
	}
	return false;
}

/*
 * After a statement for which cj_show_is_dropped_by() holds: a plan that
 * PL/pgSQL keeps may still need the prepared statement.
 */
void
cj_show_refresh(void)
{
	if (used && cj_extension_exists())
		prepare_statement();
}
