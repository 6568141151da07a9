/*-------------------------------------------------------------------------
 *
 * syntax_hooks.c
 *	  The hooks of the room, and its start.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_hooks.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/prepare.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/plancache.h"
#include "utils/portal.h"

#include "base/base_extension.h"
#include "base/base_utility.h"
#include "compat.h"
#include "syntax/syntax.h"
#include "syntax/syntax_availability.h"
#include "syntax/syntax_command.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_message.h"
#include "syntax/syntax_parameter.h"
#include "syntax/syntax_recovery.h"
#include "syntax/syntax_role.h"
#include "syntax/syntax_selftest.h"
#include "syntax/syntax_statistics.h"
#include "syntax/syntax_table_option.h"

static post_parse_analyze_hook_type prev_post_parse_analyze_hook = NULL;
static ProcessUtility_hook_type prev_ProcessUtility_hook = NULL;
static ExecutorRun_hook_type prev_ExecutorRun_hook = NULL;
static emit_log_hook_type prev_emit_log_hook = NULL;

/*
 * Is this statement one that a client sent, and not run inside another?
 *
 * The extended protocol gives a utility statement a receiver that tells
 * nothing.  But only a client's portal has the client's own text, of which
 * debug_query_string is a copy in that protocol.
 */
static bool
is_clients(const PlannedStmt *statement)
{
	return ActivePortal != NULL && debug_query_string != NULL &&
		list_member_ptr(ActivePortal->stmts, statement) &&
		(ActivePortal->sourceText == debug_query_string ||
		 strcmp(ActivePortal->sourceText, debug_query_string) == 0);
}

/*
 * post_parse_analyze_hook: take SHOW JOBS over, check what commands select.
 */
static void
post_parse_analyze(ParseState *pstate, Query *query,
				   CJ_JUMBLE_CONST JumbleState *jstate)
{
	cj_recovery_install();

	if (query->commandType == CMD_UTILITY)
	{
		cj_parameter_translate(pstate, query);
		if (cj_command_is_ours(query->utilityStmt) && cj_extension_exists())
			cj_command_check(pstate, query->utilityStmt);
	}

	if (prev_post_parse_analyze_hook)
		prev_post_parse_analyze_hook(pstate, query, jstate);
}

/*
 * Does this statement run a prepared one that is a command of ours?
 */
static bool
executes_command(Node *statement)
{
	PreparedStatement *prepared;

	if (!IsA(statement, ExecuteStmt))
		return false;
	prepared = FetchPreparedStatement(((ExecuteStmt *) statement)->name, false);
	return prepared != NULL && prepared->plansource->raw_parse_tree != NULL &&
		cj_command_is_ours(prepared->plansource->raw_parse_tree->stmt);
}

/*
 * Let the client see the tag of the command that has just been run.
 */
static void
set_command_tag(void)
{
	int64		count;
	const char *tag = cj_command_last(&count);

	cj_message_set_tag(tag, count);
}

/*
 * If a statement about a role has something of ours in it, run what it stands
 * for, and return true: all of it or, since an error ends the statement, nothing.
 */
static bool
run_role_statement(PlannedStmt *pstmt, bool clients, const char *query,
				   ProcessUtilityContext context, ParamListInfo params,
				   QueryEnvironment *environment, DestReceiver *dest,
				   QueryCompletion *qc)
{
	const char *tag;
	const char *servers_tag;
	List	   *statements = cj_role_statements(pstmt, &tag, &servers_tag);
	ListCell   *lc;

	foreach(lc, statements)
	{
		if (lc != list_head(statements))
		{
			CommandCounterIncrement();
			context = PROCESS_UTILITY_SUBCOMMAND;
			qc = NULL;
		}
		cj_utility_run(prev_ProcessUtility_hook, lfirst_node(PlannedStmt, lc),
					   query, false, context, params, environment, dest, qc);
	}
	if (statements != NIL && tag != NULL && clients)
		cj_message_set_tag_for(servers_tag, tag);
	return statements != NIL;
}

/*
 * ProcessUtility_hook: run the commands, and see to tags.
 */
static void
process_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *queryEnv, DestReceiver *dest,
				QueryCompletion *qc)
{
	Node	   *statement = pstmt->utilityStmt;
	bool		clients = is_clients(pstmt);
	bool		executes;
	const char *show;
	const char *call = NULL;
	bool		drops;
	CjStatisticsPlan statistics;
	CjTakenOptions options;

	cj_recovery_install();

	if (cj_command_run(pstmt, queryString, params, queryEnv))
	{
		if (clients)
			set_command_tag();
		return;
	}

	if (run_role_statement(pstmt, clients, queryString, context, params,
						   queryEnv, dest, qc))
		return;
	if (cj_statistics_is_ours(statement) && cj_extension_exists())
	{
		cj_statistics_run((CreateStatsStmt *) statement, context);
		return;
	}
	cj_statistics_plan(statement, context, &statistics);

	/* A COMMIT or ROLLBACK can free the statement. */
	show = cj_parameter_tag(statement);
	executes = clients && executes_command(statement);
	if (clients && IsA(statement, CallStmt))
		call = cj_family_call_tag(queryString, Max(pstmt->stmt_location, 0));
	drops = cj_parameter_is_dropped_by(statement);

	pstmt = cj_table_option_take(pstmt, queryString, &options);
	cj_utility_run(prev_ProcessUtility_hook, pstmt, queryString, readOnlyTree,
				   context, params, queryEnv, dest, qc);
	cj_table_option_apply(&options);

	if (statistics.table != NULL && cj_extension_exists())
		cj_statistics_analyze(&statistics);
	if (show != NULL && clients)
		cj_message_set_tag_for("SELECT", show);
	else if (executes)
		set_command_tag();
	else if (call != NULL)
		cj_message_set_tag_for("CALL", call);
	else if (drops)
		cj_parameter_refresh();
}

/*
 * ExecutorRun_hook: SHOW JOB is a SELECT whose text tells what it was.  No other
 * SELECT's does.
 */
static void
executor_run(QueryDesc *query, ScanDirection direction, uint64 count
			 CJ_RUN_ONCE_DECLARATION)
{
	if (prev_ExecutorRun_hook)
		prev_ExecutorRun_hook(query, direction, count CJ_RUN_ONCE_ARGUMENT);
	else
		standard_ExecutorRun(query, direction, count CJ_RUN_ONCE_ARGUMENT);

	if ((query->dest->mydest == DestRemote ||
		 query->dest->mydest == DestRemoteExecute) &&
		query->operation == CMD_SELECT)
	{
		const char *tag = cj_family_tag(query->sourceText,
										Max(query->plannedstmt->stmt_location, 0));

		if (tag != NULL)
			cj_message_set_tag_for("SELECT", tag);
	}
}

/*
 * emit_log_hook: an error is the one thing that takes our callback away, and
 * outside a transaction nothing else of ours runs behind it.
 */
static void
emit_log(ErrorData *edata)
{
	if (edata->elevel >= ERROR)
		cj_recovery_install();
	if (prev_emit_log_hook)
		prev_emit_log_hook(edata);
}

/*
 * At the end of a transaction, the one of the session's start included.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
	{
		cj_message_forget_tag();
		cj_message_watch_failed(cj_recovery_install);
	}
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		cj_message_forget_portals();
	cj_recovery_install();
}

/*
 * At the end of a subtransaction.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	cj_recovery_install();
}

/*
 * Install the native syntax, if it works here.  Called once, at preload.
 */
void
cj_syntax_init(void)
{
	bool		works = cj_selftest_passes();

	if (!works)
		ereport(LOG,
				(errmsg("native syntax of cancel_job does not work with this server or processor"),
				 errhint("Use the functions of the schema jobs.")));

	cj_availability_set_works(works);
	cj_recovery_enable(works ? CJ_RECOVERY_ON : CJ_RECOVERY_HINT);
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	prev_post_parse_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = post_parse_analyze;
	prev_ProcessUtility_hook = ProcessUtility_hook;
	ProcessUtility_hook = process_utility;
	prev_ExecutorRun_hook = ExecutorRun_hook;
	ExecutorRun_hook = executor_run;
	prev_emit_log_hook = emit_log_hook;
	emit_log_hook = emit_log;
}
