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
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/portal.h"

#include "base/base_extension.h"
#include "base/base_utility.h"
#include "compat.h"
#include "syntax/syntax.h"
#include "syntax/syntax_availability.h"
#include "syntax/syntax_control.h"
#include "syntax/syntax_message.h"
#include "syntax/syntax_recovery.h"
#include "syntax/syntax_scan.h"
#include "syntax/syntax_selftest.h"
#include "syntax/syntax_show.h"

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
 * post_parse_analyze_hook: take SHOW JOBS over, check what control statements
 * select.
 */
static void
post_parse_analyze(ParseState *pstate, Query *query,
				   CJ_JUMBLE_CONST JumbleState *jstate)
{
	CjControlVerb verb;

	cj_recovery_install();

	if (query->commandType == CMD_UTILITY)
	{
		cj_show_translate(query);
		if (cj_control_is_ours(query->utilityStmt, &verb) &&
			cj_extension_exists())
			cj_control_check_columns(pstate,
									 (DeclareCursorStmt *) query->utilityStmt,
									 verb);
	}

	if (prev_post_parse_analyze_hook)
		prev_post_parse_analyze_hook(pstate, query, jstate);
}

/*
 * ProcessUtility_hook: run the control statements, and see to tags.
 */
static void
process_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
				ProcessUtilityContext context, ParamListInfo params,
				QueryEnvironment *queryEnv, DestReceiver *dest,
				QueryCompletion *qc)
{
	Node	   *statement = pstmt->utilityStmt;
	bool		clients = is_clients(pstmt);
	bool		show;
	bool		drops;
	CjControlVerb verb;

	cj_recovery_install();

	if (cj_control_is_ours(statement, &verb) && cj_extension_exists())
	{
		int64		count = cj_control_run(pstmt, verb, queryString, params,
										   queryEnv);

		if (clients)
			cj_message_set_tag(cj_control_tag(verb), count);
		return;
	}

	/* A COMMIT or ROLLBACK can free the statement. */
	show = cj_show_is_ours(statement);
	if (show)
		cj_show_check();
	show = show && clients;
	drops = cj_show_is_dropped_by(statement);

	cj_utility_run(prev_ProcessUtility_hook, pstmt, queryString, readOnlyTree,
				   context, params, queryEnv, dest, qc);

	if (show)
		cj_message_set_counted_tag("SHOW JOBS");
	else if (drops)
		cj_show_refresh();
}

/*
 * Does the text of a plan begin with SHOW?  No other SELECT's does.
 */
static bool
begins_with_show(const QueryDesc *query)
{
	return cj_scan_begins_with(query->sourceText,
							   Max(query->plannedstmt->stmt_location, 0),
							   "show");
}

/*
 * ExecutorRun_hook: SHOW JOB is a SELECT whose tag tells what it was.
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
		query->operation == CMD_SELECT && begins_with_show(query))
		cj_message_set_counted_tag("SHOW JOBS");
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
