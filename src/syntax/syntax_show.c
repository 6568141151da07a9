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

#include "syntax/syntax_availability.h"
#include "syntax/syntax_show.h"

/* A name that no application gives to a prepared statement. */
#define STATEMENT_NAME "cancel_job: SHOW JOBS"

static bool used = false;

/*
 * Make the prepared statement that runs SHOW JOBS, if the session has none.
 */
static void
prepare_statement(void)
{
	static const char *const str = "SELECT * FROM jobs.show_jobs()";
	CachedPlanSource *source;
	RawStmt    *statement;
	List	   *queries;

	if (FetchPreparedStatement(STATEMENT_NAME, false) != NULL)
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
 * After DISCARD ALL and the like: a plan that PL/pgSQL keeps may still need
 * the prepared statement.
 */
void
cj_show_refresh(void)
{
	if (used)
		prepare_statement();
}
