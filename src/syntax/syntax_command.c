/*-------------------------------------------------------------------------
 *
 * syntax_command.c
 *	  Statements that do something to what a query names.
 *
 * Such a statement is a DeclareCursorStmt whose cursor has a reserved name.  No
 * cursor is ever opened: the utility hook hands the statement to
 * cj_command_run(), which plans and runs its query, collects the ids, and calls
 * what the family gave.  A user who declares a cursor of that name gets what the
 * statement would do, with the same rights.
 *
 * What a statement says beside the ids, such as a reason, are texts in further
 * columns of the query: the same ones in each row.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_command.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/base_extension.h"
#include "compat.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"

/* Names that no application gives to a cursor: the command's, behind this. */
#define PORTAL_NAME_PREFIX "cancel_job: "

/* Behind the name of a command whose query has texts. */
#define PORTAL_NAME_WITH_TEXTS " with texts"

/* Collects what the query of a statement returns. */
typedef struct IdReceiver
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	Oid			type;			/* of the first column */
	int			capacity;
	CjCommandInput input;
} IdReceiver;

/* What the last command was, and how many it handled. */
static char last_tag[CJ_COMMAND_TAG_LENGTH];
static int64 last_count;

/*
 * The command that a statement is, NULL if it is none of ours; *texts is
 * whether its query has them.
 */
static const CjCommand *
find_command(Node *statement, bool *texts)
{
	char		name[NAMEDATALEN];
	const char *portal;
	int			len;

	if (statement == NULL || !IsA(statement, DeclareCursorStmt))
		return NULL;

	portal = ((DeclareCursorStmt *) statement)->portalname;
	if (strncmp(portal, PORTAL_NAME_PREFIX, strlen(PORTAL_NAME_PREFIX)) != 0)
		return NULL;
	strlcpy(name, portal + strlen(PORTAL_NAME_PREFIX), sizeof(name));
	len = strlen(name) - strlen(PORTAL_NAME_WITH_TEXTS);
	*texts = len > 0 && strcmp(name + len, PORTAL_NAME_WITH_TEXTS) == 0;
	if (*texts)
		name[len] = '\0';
	return cj_family_command(name);
}

/*
 * Is this a command of ours?
 */
bool
cj_command_is_ours(Node *statement)
{
	bool		texts;

	return find_command(statement, &texts) != NULL;
}

/*
 * SELECT ids.*, text, .. FROM (query) AS ids
 */
static SelectStmt *
add_texts(SelectStmt *query, List *texts)
{
	RangeSubselect *source = makeNode(RangeSubselect);
	SelectStmt *outer = makeNode(SelectStmt);
	ColumnRef  *star = makeNode(ColumnRef);
	ListCell   *lc;

	source->subquery = (Node *) query;
	source->alias = makeAlias("ids", NIL);
	star->fields = list_make2(makeString(pstrdup("ids")), makeNode(A_Star));
	star->location = -1;
	outer->fromClause = list_make1(source);
	outer->targetList = list_make1(cj_shape_target((Node *) star));
	foreach(lc, texts)
		outer->targetList = lappend(outer->targetList,
									cj_shape_target(lfirst(lc)));
	return outer;
}

/*
 * The node for a command of this name, for the ids that a query gives, with
 * these texts (raw expressions of that type; NIL for none).
 */
Node *
cj_command_make(const char *name, SelectStmt *query, List *texts)
{
	DeclareCursorStmt *statement = makeNode(DeclareCursorStmt);

	statement->portalname = psprintf(PORTAL_NAME_PREFIX "%s%s", name,
									 texts == NIL ? "" : PORTAL_NAME_WITH_TEXTS);
	Assert(strlen(statement->portalname) < NAMEDATALEN);
	statement->options = CURSOR_OPT_FAST_PLAN;
	statement->query = (Node *) (texts == NIL ? query : add_texts(query, texts));
	return (Node *) statement;
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
 * Raise an error unless a query returns one column of integers and, behind
 * that, so many texts.  The words are CockroachDB's.
 */
static void
check_query_columns(ParseState *pstate, const Query *query,
					const CjCommand *command, int ntexts)
{
	int			ncolumns = ExecCleanTargetListLength(query->targetList);
	TargetEntry *column;
	Oid			type;

	if (ncolumns == 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("no columns in %s data", command->name)));
	if (ncolumns > 1 + ntexts)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("too many columns in %s data", command->name),
				 parser_errposition(pstate,
									exprLocation((Node *) lsecond(query->targetList)))));

	column = linitial_node(TargetEntry, query->targetList);
	type = getBaseType(exprType((Node *) column->expr));
	if (!is_integer(type))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("%s data column 1 (%s) must be of type int, not type %s",
						command->name, command->column, format_type_be(type)),
				 parser_errposition(pstate, exprLocation((Node *) column->expr))));
}

/*
 * If a statement is a command of ours, raise an error unless its analysed
 * query returns one column of integers.
 */
void
cj_command_check(ParseState *pstate, Node *statement)
{
	bool		texts = false;
	const CjCommand *command = find_command(statement, &texts);
	Query	   *query;

	if (command == NULL)
		return;

	query = castNode(Query, ((DeclareCursorStmt *) statement)->query);
	if (texts && query->rtable != NIL &&
		linitial_node(RangeTblEntry, query->rtable)->rtekind == RTE_SUBQUERY)
		check_query_columns(pstate,
							linitial_node(RangeTblEntry, query->rtable)->subquery,
							command, 0);
	check_query_columns(pstate, query, command,
						texts ? CJ_COMMAND_MAX_TEXTS : 0);
}

/*
 * DestReceiver: note the type of the ids.
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

	if (receiver->input.nids == receiver->capacity)
	{
		if (receiver->capacity > INT_MAX / 2)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many ids in one statement")));
		receiver->capacity = Max(64, 2 * receiver->capacity);
		if (receiver->input.ids == NULL)
			receiver->input.ids = MemoryContextAllocHuge(receiver->context,
														 receiver->capacity * sizeof(int64));
		else
			receiver->input.ids = repalloc_huge(receiver->input.ids,
												receiver->capacity * sizeof(int64));
	}
	receiver->input.ids[receiver->input.nids++] = id;
}

/*
 * Keep the texts of a row.
 */
static void
keep_texts(IdReceiver *receiver, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(receiver->context);

	for (int i = 0; i < slot->tts_tupleDescriptor->natts - 1; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, i + 2, &isnull);

		if (!isnull && TupleDescAttr(slot->tts_tupleDescriptor, i + 1)->atttypid == TEXTOID)
			receiver->input.texts[i] = TextDatumGetCString(value);
	}
	MemoryContextSwitchTo(old);
}

/*
 * DestReceiver: add a row's id; NULL names nothing.
 */
static bool
receive_id(TupleTableSlot *slot, DestReceiver *self)
{
	IdReceiver *receiver = (IdReceiver *) self;
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (!isnull)
		add_id(receiver, value);
	if (receiver->input.nrows++ == 0)
		keep_texts(receiver, slot);
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
 * If a statement is a command of ours, run it, and return true.  Raises what
 * the command raises and whatever the query raises.
 */
bool
cj_command_run(const PlannedStmt *statement, const char *str,
			   ParamListInfo params, QueryEnvironment *environment)
{
	bool		texts;
	const CjCommand *command = find_command(statement->utilityStmt, &texts);
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

	if (command == NULL || !cj_extension_exists())
		return false;

	PreventCommandIfReadOnly(command->name);
	PreventCommandIfParallelMode(command->name);
	PreventCommandDuringRecovery(command->name);

	collect_ids(statement, str, params, environment, &receiver);
	strlcpy(receiver.input.tag, command->name, sizeof(receiver.input.tag));
	last_count = command->run(command, &receiver.input);
	strlcpy(last_tag, receiver.input.tag, sizeof(last_tag));
	return true;
}

/*
 * The tag of the command that has just been run, and how many it handled.
 */
const char *
cj_command_last(int64 *count)
{
	*count = last_count;
	return last_tag;
}
