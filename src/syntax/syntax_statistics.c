/*-------------------------------------------------------------------------
 *
 * syntax_statistics.c
 *	  CREATE STATISTICS in CockroachDB's meaning, where PostgreSQL has none.
 *
 * PostgreSQL's CREATE STATISTICS makes an object that tells ANALYZE of two
 * columns or more, or of an expression; with one column it is an error.
 * CockroachDB's collects statistics, of one column, of several, or without a
 * list of all.  So what PostgreSQL refuses, and what it cannot parse, is
 * CockroachDB's, and the rest stays PostgreSQL's.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_statistics.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"

#include "base/base_guc.h"
#include "jobtype/jobtype_stats.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_statistics.h"
#include "syntax/syntax_translate.h"

/*
 * In the field for a comment, which PostgreSQL uses in nodes of its own only:
 * this is CockroachDB's statement.  The part of the time to sleep stands behind
 * it.
 */
#define MARKER "cancel_job: "

/* The largest part of the time that a job may be asked to sleep. */
#define MAX_THROTTLING 0.99

/* The clauses that only CockroachDB has. */
typedef enum StatisticsClause
{
	CLAUSE_FROM,				/* where there is no ON before it */
	CLAUSE_OPTIONS,
	CLAUSE_THROTTLING,
	CLAUSE_TIME,
	CLAUSE_EXTREMES,
	CLAUSE_WHERE
}			StatisticsClause;

static const char *const statistics_keywords[] = {"statistics", NULL};

/*
 * The number of tokens of a name that begins at the n-th token, with its
 * qualification.
 */
static int
count_name(CjReader *reader, int n)
{
	int			ntokens = 1;

	while (cj_reader_has_symbol(reader, n + ntokens, '.'))
		ntokens += 2;
	return ntokens;
}

/*
 * CjFamily.recognise: CREATE STATISTICS name FROM .., and name ON .. for what may
 * stand behind that.
 */
static int
recognise_statistics(CjReader *reader, CjMark *mark)
{
	int			behind;

	if (mark->place != CJ_PLACE_STATEMENT || !cj_reader_has_words(reader, 0, "create statistics"))
		return 0;
	if (cj_reader_has_word(reader, 2, "from"))
	{
		mark->shape = CJ_SHAPE_NOTHING;
		mark->error = cj_reader_peek(reader, 2).start;
		return 2;
	}

	behind = 2 + count_name(reader, 2);
	if (cj_reader_has_word(reader, behind, "from"))
		mark->shape = CJ_SHAPE_NOTHING;
	else if (cj_reader_has_word(reader, behind, "on"))
		mark->shape = CJ_SHAPE_STATEMENT;
	else
		return 0;
	mark->detail = cj_reader_peek(reader, 2).start;
	return behind;
}

/*
 * CjFamily.read_clause
 */
static int
read_clause(CjReader *reader, CjMark *mark, CjClause *clause)
{
	if (mark->shape == CJ_SHAPE_NOTHING && mark->clauses == NIL &&
		cj_reader_has_word(reader, 0, "from"))
	{
		if (cj_reader_ends(reader, 1))
			return 0;
		clause->kind = CLAUSE_FROM;
		clause->value = cj_reader_peek(reader, 1).start;
		return 1 + count_name(reader, 1);
	}
	if (cj_reader_has_words(reader, 0, "with options"))
	{
		clause->kind = CLAUSE_OPTIONS;
		return 2;
	}
	if (cj_reader_has_word(reader, 0, "throttling") && !cj_reader_ends(reader, 1))
	{
		clause->kind = CLAUSE_THROTTLING;
		clause->value = cj_reader_peek(reader, 1).start;
		return 2;
	}
	if (cj_reader_has_words(reader, 0, "using extremes"))
	{
		clause->kind = CLAUSE_EXTREMES;
		return 2;
	}
	if (cj_reader_has_words(reader, 0, "as of system time"))
		clause->kind = CLAUSE_TIME;
	else if (cj_reader_has_word(reader, 0, "where"))
		clause->kind = CLAUSE_WHERE;
	else
		return 0;
	return cj_reader_count_rest(reader);
}

/*
 * The name, as a list, in a stretch of a text.
 */
static List *
parse_name(const char *str, int begin, int end)
{
	Node	   *name = cj_translate_expression(str, begin, end);

	if (!IsA(name, ColumnRef) ||
		!IsA(llast(((ColumnRef *) name)->fields), String))
		cj_syntax_error_at(str, begin);
	return ((ColumnRef *) name)->fields;
}

/*
 * The value of THROTTLING: a part of the time, from 0 to 1.
 */
static double
parse_throttling(const char *str, const CjClause *clause)
{
	Node	   *value = cj_translate_expression(str, clause->value, clause->end);
	double		idle = -1;

	if (IsA(value, A_Const) && IsA(&((A_Const *) value)->val, Float))
		idle = floatVal(&((A_Const *) value)->val);
	else if (IsA(value, A_Const) && IsA(&((A_Const *) value)->val, Integer))
		idle = intVal(&((A_Const *) value)->val);
	else
		cj_syntax_error_at(str, clause->value);
	if (idle < 0 || idle >= 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("THROTTLING fraction must be between 0 and 1"),
				 errposition(cj_syntax_position(str, clause->value))));
	return Min(idle, MAX_THROTTLING);
}

/*
 * Refuse a clause that asks for what ANALYZE cannot do.
 */
static void
refuse_clause(const char *str, const CjClause *clause)
{
	if (clause->kind == CLAUSE_TIME)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is not supported", "AS OF SYSTEM TIME"),
				 errdetail("Statistics are collected from the rows that there are when the job runs."),
				 errposition(cj_syntax_position(str, clause->start))));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("partial statistics are not supported"),
			 errdetail("ANALYZE takes its sample from the whole table."),
			 errposition(cj_syntax_position(str, clause->start))));
}

/*
 * The node for a statement without ON.
 */
static CreateStatsStmt *
make_statement(const CjMark *mark, const char *str)
{
	CreateStatsStmt *statement = makeNode(CreateStatsStmt);
	const CjClause *from;

	if (mark->clauses == NIL)
		cj_syntax_error_at(str, mark->operand);
	from = linitial(mark->clauses);
	statement->defnames = parse_name(str, mark->detail, mark->operand);
	statement->relations = list_make1(makeRangeVarFromNameList(parse_name(str, from->value,
																		  from->end)));
	return statement;
}

/*
 * CjFamily.make: a CreateStatsStmt, with the marker unless PostgreSQL knows all of
 * it.
 */
static Node *
make_statistics(const CjMark *mark, Node *operand, const char *str)
{
	CreateStatsStmt *statement = (CreateStatsStmt *) operand;
	double		idle = 0;
	ListCell   *lc;

	if (mark->shape == CJ_SHAPE_NOTHING)
		statement = make_statement(mark, str);
	else if (!IsA(operand, CreateStatsStmt) || mark->clauses == NIL)
		return operand;

	foreach(lc, mark->clauses)
	{
		const CjClause *clause = lfirst(lc);

		if (clause->kind == CLAUSE_THROTTLING)
			idle = parse_throttling(str, clause);
		else if (clause->kind != CLAUSE_FROM && clause->kind != CLAUSE_OPTIONS)
			refuse_clause(str, clause);
	}
	statement->stxcomment = psprintf(MARKER "%g", idle);
	return (Node *) statement;
}

/*
 * CjFamily.function
 */
static const char *
statistics_function(const CjMark *mark)
{
	return "jobs.create_statistics()";
}

/*
 * CjFamily.usage
 */
static const char *
statistics_usage(const CjMark *mark)
{
	return "Write CREATE STATISTICS name [ON column] FROM table [WITH OPTIONS THROTTLING fraction].";
}

const CjFamily cj_family_statistics = {
	.keywords = statistics_keywords,
	.recognise = recognise_statistics,
	.read_clause = read_clause,
	.make = make_statistics,
	.function = statistics_function,
	.usage = statistics_usage
};

/*
 * The name of the column that an element is, NULL if it is an expression.
 */
static const char *
column_name(const Node *element)
{
	return IsA(element, StatsElem) ? ((const StatsElem *) element)->name : NULL;
}

/*
 * Is the only column of a statement one whose values are not stored?  To
 * PostgreSQL that is an expression.
 */
static bool
is_virtual(const CreateStatsStmt *create)
{
	Oid			relation = RangeVarGetRelid(linitial_node(RangeVar, create->relations),
											NoLock, true);
	AttrNumber	column = InvalidAttrNumber;

	if (OidIsValid(relation))
		column = get_attnum(relation, column_name(linitial(create->exprs)));
	return column != InvalidAttrNumber &&
		get_attgenerated(relation, column) == ATTRIBUTE_GENERATED_VIRTUAL;
}

/*
 * Has a statement our marker?
 */
static bool
has_marker(const CreateStatsStmt *create)
{
	return create->stxcomment != NULL && !create->transformed &&
		strncmp(create->stxcomment, MARKER, strlen(MARKER)) == 0;
}

/*
 * Is this a CREATE STATISTICS that means CockroachDB's: with our marker, or with a
 * single column and nothing else that only PostgreSQL has?
 */
bool
cj_statistics_is_ours(const Node *statement)
{
	const CreateStatsStmt *create = (const CreateStatsStmt *) statement;

	if (!IsA(statement, CreateStatsStmt))
		return false;
	return has_marker(create) ||
		(cj_guc_native_syntax && create->defnames != NIL && create->stat_types == NIL &&
		 !create->if_not_exists && !create->transformed &&
		 list_length(create->exprs) == 1 &&
		 column_name(linitial(create->exprs)) != NULL &&
		 list_length(create->relations) == 1 &&
		 IsA(linitial(create->relations), RangeVar) &&
		 !is_virtual(create));
}

/*
 * The columns of a list of elements, NIL if one is an expression.
 */
static List *
column_names(List *elements)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, elements)
	{
		const char *name = column_name(lfirst(lc));

		if (name == NULL)
			return NIL;
		columns = lappend(columns, pstrdup(name));
	}
	return columns;
}

/*
 * Run a statement that is ours: submit a job, commit, and wait for it.
 */
void
cj_statistics_run(const CreateStatsStmt *statement, ProcessUtilityContext context)
{
	CjStatsRequest request = {0};

	request.relation = RangeVarGetRelid(linitial_node(RangeVar, statement->relations),
										NoLock, false);
	request.columns = column_names(statement->exprs);
	if (has_marker(statement))
		request.idle = strtod(statement->stxcomment + strlen(MARKER), NULL);
	if (statement->exprs != NIL && request.columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a job cannot collect statistics of an expression alone"),
				 errhint("Make a statistics object for it with PostgreSQL's CREATE STATISTICS.")));
	cj_stats_submit_and_wait(&request,
							 cj_stats_request_create(&request,
													 strVal(llast(statement->defnames))),
							 context == PROCESS_UTILITY_TOPLEVEL && !IsTransactionBlock());
}

/*
 * Note what is to be analyzed after a statement that PostgreSQL is about to
 * run: what a new statistics object is about.  The statement may change when it
 * runs.
 */
void
cj_statistics_plan(const Node *statement, ProcessUtilityContext context,
				   CjStatisticsPlan *plan)
{
	const CreateStatsStmt *create = (const CreateStatsStmt *) statement;

	memset(plan, 0, sizeof(CjStatisticsPlan));
	if (!IsA(statement, CreateStatsStmt) || !cj_guc_analyze_after_create_statistics ||
		context == PROCESS_UTILITY_SUBCOMMAND || list_length(create->relations) != 1 ||
		!IsA(linitial(create->relations), RangeVar))
		return;
	if (create->if_not_exists && create->defnames != NIL &&
		OidIsValid(get_statistics_object_oid(create->defnames, true)))
		return;
	plan->table = copyObject(linitial_node(RangeVar, create->relations));
	plan->columns = column_names(create->exprs);
}

/*
 * Submit a job for the table that cj_statistics_plan() has noted; it starts when the
 * transaction commits.  Nothing for a temporary table, which no job can read.
 */
void
cj_statistics_analyze(const CjStatisticsPlan *plan)
{
	CjStatsRequest request = {.columns = plan->columns};

	request.relation = RangeVarGetRelid(plan->table, NoLock, false);
	if (get_rel_persistence(request.relation) != RELPERSISTENCE_TEMP)
		(void) cj_stats_submit(&request, cj_stats_request_analyze(&request));
}
