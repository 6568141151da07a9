/*-------------------------------------------------------------------------
 *
 * syntax_control.c
 *	  CANCEL, PAUSE and RESUME statements, as PostgreSQL carries them.
 *
 * A statement is a DeclareCursorStmt whose cursor has a reserved name.  No cursor
 * is ever opened: the utility hook hands the statement to cj_control_run(), which
 * plans and runs its query and collects the ids.  A user who declares a cursor of
 * that name gets what the statement would do, with the same rights.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_control.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "syntax/syntax_control.h"

/* Names that no application gives to a cursor: the tags, behind this. */
#define PORTAL_NAME_PREFIX "cancel_job: "

static const char *const portal_names[] = {
	[CJ_CONTROL_CANCEL] = PORTAL_NAME_PREFIX "CANCEL JOBS",
	[CJ_CONTROL_PAUSE] = PORTAL_NAME_PREFIX "PAUSE JOBS",
	[CJ_CONTROL_RESUME] = PORTAL_NAME_PREFIX "RESUME JOBS"
};

/* Collects the ids that the query of a statement returns. */
typedef struct IdReceiver
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	Oid			type;			/* of the column */
	int64	   *ids;
	int			nids;
	int			capacity;
} IdReceiver;

/*
 * The name of the cursor that stands for a statement of this verb.
 */
const char *
cj_control_portal_name(CjControlVerb verb)
{
	return portal_names[verb];
}

/*
 * The command tag of a verb, without the count.
 */
const char *
cj_control_tag(CjControlVerb verb)
{
	return portal_names[verb] + strlen(PORTAL_NAME_PREFIX);
}

/*
 * Is this a statement of ours, and of which verb?
 */
bool
cj_control_is_ours(Node *statement, CjControlVerb *verb)
{
	const char *name;

	if (statement == NULL || !IsA(statement, DeclareCursorStmt))
		return false;

	name = ((DeclareCursorStmt *) statement)->portalname;
	if (strncmp(name, PORTAL_NAME_PREFIX, strlen(PORTAL_NAME_PREFIX)) != 0)
		return false;
	for (int i = 0; i < lengthof(portal_names); i++)
	{
		if (strcmp(name, portal_names[i]) == 0)
		{
			*verb = (CjControlVerb) i;
			return true;
		}
	}
	return false;
}

/*
 * Is this one of the integer types?
 */
static bool
is_integer(Oid type)
{
	return type == INT8OID || type == INT4OID || type == INT2OID;
}

/*
 * Raise an error unless the analysed query of a statement returns one column
 * of integers.  The texts are CockroachDB's.
 */
void
cj_control_check_columns(ParseState *pstate, DeclareCursorStmt *statement,
						 CjControlVerb verb)
{
	Query	   *query = castNode(Query, statement->query);
	int			ncolumns = ExecCleanTargetListLength(query->targetList);
	TargetEntry *column;
	Oid			type;

	if (ncolumns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("no columns in %s data", cj_control_tag(verb))));
	if (ncolumns > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("too many columns in %s data", cj_control_tag(verb)),
				 parser_errposition(pstate,
									exprLocation((Node *) lsecond(query->targetList)))));

	column = linitial_node(TargetEntry, query->targetList);
	type = getBaseType(exprType((Node *) column->expr));
	if (!is_integer(type))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("%s data column 1 (job_id) must be of type int, not type %s",
						cj_control_tag(verb), format_type_be(type)),
				 parser_errposition(pstate, exprLocation((Node *) column->expr))));
}

/*
 * DestReceiver: nothing to prepare.
 */
static void
start_ids(DestReceiver *self, int operation, TupleDesc typeinfo)
{
	((IdReceiver *) self)->type = getBaseType(TupleDescAttr(typeinfo, 0)->atttypid);
}

/*
 * Add an id.
 */
static void
add_id(IdReceiver *receiver, Datum value)
{
	int64		id;

	switch (receiver->type)
	{
		case INT2OID:
			id = DatumGetInt16(value);
			break;
		case INT4OID:
			id = DatumGetInt32(value);
			break;
		default:
			id = DatumGetInt64(value);
			break;
	}

	if (receiver->nids == receiver->capacity)
	{
		if (receiver->capacity > INT_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many jobs in one statement")));
		receiver->capacity = Max(64, 2 * receiver->capacity);
		if (receiver->ids == NULL)
			receiver->ids = MemoryContextAllocHuge(receiver->context,
												   receiver->capacity * sizeof(int64));
		else
			receiver->ids = repalloc_huge(receiver->ids,
										  receiver->capacity * sizeof(int64));
	}
	receiver->ids[receiver->nids++] = id;
}

/*
 * DestReceiver: add a row's id; NULL names no job.
 */
static bool
receive_id(TupleTableSlot *slot, DestReceiver *self)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (!isnull)
		add_id((IdReceiver *) self, value);
	return true;
}

/*
 * DestReceiver: nothing to do at the end of the rows, or of the receiver.
 */
static void
end_ids(DestReceiver *self)
{
}

/*
 * Plan the query of a statement.
 */
static PlannedStmt *
plan_query(const DeclareCursorStmt *statement, const char *str,
		   ParamListInfo params)
{
	/* The rewriter scribbles on its input, which may be a cached plan's. */
	List	   *rewritten = QueryRewrite(copyObject(castNode(Query, statement->query)));
	Query	   *query;

	if (list_length(rewritten) != 1)
		elog(ERROR, "unexpected result of rewriting a query");
	query = linitial_node(Query, rewritten);
	if (query->commandType != CMD_SELECT)
		elog(ERROR, "unexpected result of rewriting a query");
	return cj_plan_query(query, str, CURSOR_OPT_PARALLEL_OK, params);
}

/*
 * The expression of a statement with a single one; NULL if it has a query.
 */
static Expr *
single_expression(const Query *query)
{
	if (query->rtable != NIL || query->cteList != NIL || query->hasSubLinks ||
		query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs ||
		query->setOperations != NULL || query->jointree->quals != NULL ||
		query->jointree->fromlist != NIL || query->groupClause != NIL ||
		query->groupingSets != NIL || query->havingQual != NULL ||
		query->limitCount != NULL || query->limitOffset != NULL ||
		list_length(query->targetList) != 1)
		return NULL;
	return linitial_node(TargetEntry, query->targetList)->expr;
}

/*
 * Collect the id that is the value of an expression, as the executor would,
 * but without a plan: CALL gets its arguments in the same way.
 */
static void
collect_id(Expr *expression, const char *str, ParamListInfo params,
		   IdReceiver *receiver)
{
	EState	   *estate = CreateExecutorState();
	Datum		value;
	bool		isnull;

	estate->es_param_list_info = params;
	estate->es_sourceText = str;
	value = ExecEvalExprSwitchContext(ExecPrepareExpr(expression, estate),
									  GetPerTupleExprContext(estate), &isnull);
	receiver->type = getBaseType(exprType((Node *) expression));
	if (!isnull)
		add_id(receiver, value);
	FreeExecutorState(estate);
}

/*
 * Run the query and collect the ids it returns.
 */
static void
collect_ids(const PlannedStmt *statement, const char *str,
			ParamListInfo params, QueryEnvironment *environment,
			IdReceiver *receiver)
{
	PlannedStmt *plan;
	QueryDesc  *query;
	Expr	   *expression;

	expression = single_expression(castNode(Query, ((DeclareCursorStmt *) statement->utilityStmt)->query));
	if (expression != NULL)
	{
		PushCopiedSnapshot(GetActiveSnapshot());
		UpdateActiveSnapshotCommandId();
		collect_id(expression, str, params, receiver);
		PopActiveSnapshot();
		return;
	}
	plan = plan_query((DeclareCursorStmt *) statement->utilityStmt, str, params);
	plan->stmt_location = statement->stmt_location;
	plan->stmt_len = statement->stmt_len;

	PushCopiedSnapshot(GetActiveSnapshot());
	UpdateActiveSnapshotCommandId();
	query = CreateQueryDesc(plan, str, GetActiveSnapshot(), InvalidSnapshot,
							&receiver->receiver, params, environment, 0);
	ExecutorStart(query, 0);
	cj_executor_run(query, ForwardScanDirection, 0);

	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
}

/*
 * Run a statement of ours: make the requests for the jobs that its query
 * names.  Returns the number of ids handled, raises what cj_job_control()
 * raises and whatever the query raises.
 */
int64
cj_control_run(const PlannedStmt *statement, CjControlVerb verb,
			   const char *str, ParamListInfo params,
			   QueryEnvironment *environment)
{
	IdReceiver	receiver = {
		.receiver = {
			.receiveSlot = receive_id,
			.rStartup = start_ids,
			.rShutdown = end_ids,
			.rDestroy = end_ids,
			.mydest = DestNone
		},
		.context = CurrentMemoryContext
	};

	PreventCommandIfReadOnly(cj_control_tag(verb));
	PreventCommandIfParallelMode(cj_control_tag(verb));
	PreventCommandDuringRecovery(cj_control_tag(verb));

	collect_ids(statement, str, params, environment, &receiver);
	return cj_job_control(verb, receiver.ids, receiver.nids, NULL);
}
