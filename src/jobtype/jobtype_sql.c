/*-------------------------------------------------------------------------
 *
 * jobtype_sql.c
 *	  Jobs that run SQL commands.
 *
 * The text runs as a client's simple query would: through portals at top
 * level, several statements as one implicit transaction block, transaction
 * control in the text obeyed.  See exec_simple_query().
 *
 * What is uncommitted after the last statement commits together with the
 * job's success: exactly once.  A statement that cannot run in a transaction
 * block (VACUUM, CREATE INDEX CONCURRENTLY, ...) is committed at its end, and
 * the success after it; if the server crashes in between, the statement runs
 * again: at least once.  So does what a procedure, or COMMIT in the text, has
 * committed before.
 *
 * Arguments: {"command": text, "on_cancel": text or null}.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_sql.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/copy.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "tcop/cmdtag.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "base/base_parse.h"
#include "compat.h"
#include "job/job_submit.h"
#include "job/job_type.h"
#include "jobtype/jobtype.h"
#include "jobtype/jobtype_sql.h"

#define TYPE_NAME "SQL"

/* The description that is made from the command is not longer, in bytes. */
#define MAX_DESCRIPTION 200

/*
 * An argument of the job, NULL if it has none of this name.
 */
static char *
get_argument(const CjJob *job, const char *name)
{
	JsonbValue *value;

	value = getKeyJsonValueFromContainer(&job->arguments->root, name,
										 strlen(name), NULL);
	if (value == NULL || value->type != jbvString)
		return NULL;
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/*
 * The error position of a statement: its location is where the one before it
 * ends.
 */
static int
statement_position(const RawStmt *statement, const char *str)
{
	int			location = Max(statement->stmt_location, 0);

	location += strspn(str + location, " \t\n\r\f\v");
	return pg_mbstrlen_with_len(str, location) + 1;
}

/*
 * Raise an error for a statement of "text" that needs a client.
 */
static void
check_statement(const RawStmt *statement, const char *str)
{
	if (IsA(statement->stmt, CopyStmt))
	{
		CopyStmt   *copy = (CopyStmt *) statement->stmt;

		if (copy->filename == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("COPY %s cannot be used in a job",
							copy->is_from ? "FROM STDIN" : "TO STDOUT"),
					 errdetail("A job has no client to exchange data with."),
					 errhint("Name a file or a program."),
					 errposition(statement_position(statement, str))));
	}
}

/*
 * For cj_parse_check(): raise an error unless these are commands that a job can run.
 */
static void
check_commands(const char *str, List *statements)
{
	ListCell   *lc;

	if (statements == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a job needs at least one command")));
	foreach(lc, statements)
		check_statement(lfirst_node(RawStmt, lc), str);
}

/*
 * CjJobType.start: parse the commands.
 */
static void
start_sql(const CjJob *job)
{
	char	   *on_cancel = get_argument(job, "on_cancel");

	cj_parse_check(get_argument(job, "command"), "argument \"command\" of a job",
				   check_commands);
	if (on_cancel != NULL)
		cj_parse_check(on_cancel, "argument \"on_cancel\" of a job", check_commands);
}

/*
 * CjJobType.describe: the command in one line, cut.
 */
static char *
describe_sql(const CjJob *job)
{
	StringInfoData line;
	bool		blank = false;

	initStringInfo(&line);
	for (const char *p = job->statement; *p != '\0'; p++)
	{
		if (isspace((unsigned char) *p))
			blank = line.len > 0;
		else
		{
			if (blank)
				appendStringInfoChar(&line, ' ');
			blank = false;
			appendStringInfoChar(&line, *p);
		}
	}

	if (line.len > MAX_DESCRIPTION)
	{
		line.len = pg_mbcliplen(line.data, line.len, MAX_DESCRIPTION - 4);
		line.data[line.len] = '\0';
		appendStringInfoString(&line, " ...");
	}
	return line.data;
}

/*
 * Commit what is due and be in a transaction again; a transaction block that
 * the text has opened goes on.
 */
static void
commit_and_go_on(void)
{
	CommitTransactionCommand();
	StartTransactionCommand();
	MemoryContextSwitchTo(MessageContext);
}

/*
 * Analyze and plan a statement.
 */
static List *
plan_statement(RawStmt *statement, const char *str)
{
	bool		snapshot = analyze_requires_snapshot(statement);
	List	   *queries;
	List	   *plans;

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(statement, str, NULL, 0, NULL);
	plans = pg_plan_queries(queries, str, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();
	return plans;
}

/*
 * Run a statement to its end in a portal; its rows go nowhere.
 */
static void
execute_statement(RawStmt *statement, const char *str, QueryCompletion *qc)
{
	CommandTag	tag = CreateCommandTag(statement->stmt);
	List	   *plans = plan_statement(statement, str);
	Portal		portal;

	CHECK_FOR_INTERRUPTS();

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, str, tag, plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	InitializeQueryCompletion(qc);
	(void) cj_portal_run(portal, FETCH_ALL, true, None_Receiver, None_Receiver, qc);
	PortalDrop(portal, false);
}

/*
 * Has this statement to be committed at once, since it cannot run in a
 * transaction block?  Such a statement says so, or has committed by itself;
 * procedures, which may do that as well, leave the rest to us.
 */
static bool
needs_commit(const RawStmt *statement, LocalTransactionId xid_before)
{
	if (MyXactFlags & XACT_FLAGS_NEEDIMMEDIATECOMMIT)
		return true;
	return cj_my_local_xid() != xid_before &&
		!IsA(statement->stmt, CallStmt) && !IsA(statement->stmt, DoStmt);
}

/*
 * Run one statement of the text and keep its result in the job.
 */
static void
run_statement(CjJob *job, RawStmt *statement, const char *str, bool in_block)
{
	LocalTransactionId xid_before;
	QueryCompletion qc;
	MemoryContext context;

	check_statement(statement, str);
	if (in_block)
		BeginImplicitTransactionBlock();
	if (StatementTimeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);
	CHECK_FOR_INTERRUPTS();

	context = AllocSetContextCreate(MessageContext, "cancel_job statement",
									ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	xid_before = cj_my_local_xid();
	execute_statement(statement, str, &qc);
	MemoryContextSwitchTo(MessageContext);
	MemoryContextDelete(context);

	job->result_tag = pstrdup(GetCommandTagName(qc.commandTag));
	job->result_rows = command_tag_display_rowcount(qc.commandTag) ?
		(int64) qc.nprocessed : -1;

	if (IsA(statement->stmt, TransactionStmt) ||
		needs_commit(statement, xid_before))
	{
		commit_and_go_on();
		job->work_committed = true;
		job->part_committed = true;
	}
	else
	{
		CommandCounterIncrement();
		job->work_committed = false;
	}
	disable_timeout(STATEMENT_TIMEOUT, false);
}

/*
 * Run a text of SQL commands.  Leaves the transaction of the last one open.
 */
static void
run_commands(CjJob *job, const char *str)
{
	List	   *statements;
	ListCell   *lc;

	debug_query_string = str;
	pgstat_report_activity(STATE_RUNNING, str);

	statements = pg_parse_query(str);
	foreach(lc, statements)
		run_statement(job, lfirst_node(RawStmt, lc), str,
					  list_length(statements) > 1);
	EndImplicitTransactionBlock();

	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("the job left a transaction block open"),
				 errhint("End it with COMMIT.")));
	debug_query_string = NULL;
}

/*
 * CjJobType.resume: run the commands, from the first one; there is no
 * checkpoint in SQL.
 */
static void
resume_sql(CjJob *job)
{
	run_commands(job, get_argument(job, "command"));
}

/*
 * CjJobType.has_cleanup: has the user told what to do?
 */
static bool
has_cleanup_sql(const CjJob *job)
{
	return get_argument(job, "on_cancel") != NULL;
}

/*
 * CjJobType.on_fail_or_cancel: run what the user has told.
 */
static void
undo_sql(CjJob *job)
{
	run_commands(job, get_argument(job, "on_cancel"));
}

static const CjJobType sql_type = {
	.name = TYPE_NAME,
	.flags = CJ_TYPE_CANCELABLE,
	.start = start_sql,
	.resume = resume_sql,
	.on_fail_or_cancel = undo_sql,
	.has_cleanup = has_cleanup_sql,
	.describe = describe_sql
};

/*
 * The arguments of a job that runs SQL commands; "on_cancel" may be NULL.
 */
Jsonb *
cj_jobtype_sql_arguments(const char *command, const char *on_cancel)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"command\": ");
	escape_json(&json, command);
	if (on_cancel != NULL)
	{
		appendStringInfoString(&json, ", \"on_cancel\": ");
		escape_json(&json, on_cancel);
	}
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(json.data)));
}

/*
 * Submit SQL commands as a job of the current user and return its id;
 * "description" and "on_cancel" may be NULL, and "plan" says when and how.
 *
 * Raises what is wrong with the commands, and what cj_job_submit() raises.
 */
int64
cj_jobtype_submit_sql(const char *command, const char *description,
					  const char *on_cancel, const CjJobPlan *plan)
{
	CjJob		job = {0};

	job.type = TYPE_NAME;
	job.statement = unconstify(char *, command);
	job.description = unconstify(char *, description);
	job.arguments = cj_jobtype_sql_arguments(command, on_cancel);
	return cj_job_submit(&job, plan);
}

/*
 * Make the job type known.  Called once, at preload.
 */
void
cj_jobtype_sql_init(void)
{
	cj_job_type_register(&sql_type);
}
