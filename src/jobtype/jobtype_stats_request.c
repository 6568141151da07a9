/*-------------------------------------------------------------------------
 *
 * jobtype_stats_request.c
 *	  What a job that collects statistics is asked for.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_request.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "compat.h"
#include "jobtype/jobtype_stats_request.h"

/*
 * Raise 42809 unless ANALYZE knows what to do with a relation of this kind.
 */
static void
check_kind(Oid relation, const char *name)
{
	switch (get_rel_relkind(relation))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("cannot collect statistics of \"%s\"", name),
					 errdetail("It is not a table, materialized view or foreign table.")));
	}
	if (get_rel_persistence(relation) == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot collect statistics of temporary table \"%s\" in a job", name),
				 errdetail("Only its own session can read it."),
				 errhint("Use ANALYZE.")));
}

/*
 * Raise 42501 unless the current user may analyze a relation; ANALYZE itself
 * would warn, and do nothing.
 */
static void
check_privilege(Oid relation, const char *name)
{
	Oid			user = GetUserId();

	if (object_ownercheck(RelationRelationId, relation, user) ||
		(object_ownercheck(DatabaseRelationId, MyDatabaseId, user) &&
		 !IsSharedRelation(relation)) ||
		cj_has_maintain(relation, user))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to collect statistics of \"%s\"", name),
			 errdetail("Only its owner, the database's owner and others who may ANALYZE it can do that.")));
}

/*
 * Raise an error unless the current user may ask for this: 42P01 if the
 * relation does not exist (any more), 42809 or 0A000 for one that has no
 * statistics or none that a job could collect, 42501, 42703 and 42701 for the
 * columns.
 */
void
cj_stats_request_check(const CjStatsRequest *request)
{
	char	   *name = get_rel_name(request->relation);
	ListCell   *lc;

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", request->relation)));
	check_kind(request->relation, name);
	check_privilege(request->relation, name);

	foreach(lc, request->columns)
	{
		const char *column = lfirst(lc);

		if (get_attnum(request->relation, column) == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							column, name)));
		for (int i = 0; i < foreach_current_index(lc); i++)
		{
			if (strcmp(list_nth(request->columns, i), column) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" of relation \"%s\" appears more than once",
								column, name)));
		}
	}
}

/*
 * The name of the table of a request, qualified; its number if there is none.
 */
static char *
table_name(const CjStatsRequest *request)
{
	char	   *name = get_rel_name(request->relation);

	if (name == NULL)
		return psprintf("%u", request->relation);
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(request->relation)),
									  name);
}

/*
 * The columns of a request, as a statement has them.
 */
static char *
column_names(const CjStatsRequest *request)
{
	StringInfoData str;
	ListCell   *lc;

	initStringInfo(&str);
	foreach(lc, request->columns)
		appendStringInfo(&str, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(lfirst(lc)));
	return str.data;
}

/*
 * The request as CREATE STATISTICS; "name" may be NULL.
 */
char *
cj_stats_request_create(const CjStatsRequest *request, const char *name)
{
	StringInfoData str;

	initStringInfo(&str);
	appendStringInfoString(&str, "CREATE STATISTICS");
	if (name != NULL)
		appendStringInfo(&str, " %s", quote_identifier(name));
	if (request->columns != NIL)
		appendStringInfo(&str, " ON %s", column_names(request));
	appendStringInfo(&str, " FROM %s", table_name(request));
	if (request->idle > 0)
		appendStringInfo(&str, " WITH OPTIONS THROTTLING %g", request->idle);
	return str.data;
}

/*
 * The request as ANALYZE.
 */
char *
cj_stats_request_analyze(const CjStatsRequest *request)
{
	if (request->columns == NIL)
		return psprintf("ANALYZE %s", table_name(request));
	return psprintf("ANALYZE %s (%s)", table_name(request), column_names(request));
}

/*
 * The arguments of a job.
 */
Jsonb *
cj_stats_request_pack(const CjStatsRequest *request)
{
	StringInfoData json;
	ListCell   *lc;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"relation\": %u, \"idle\": %g, \"columns\": [",
					 request->relation, request->idle);
	foreach(lc, request->columns)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, lfirst(lc));
	}
	appendStringInfoChar(&json, ']');
	if (request->automatic)
		appendStringInfo(&json, ", \"rows\": %.0f, \"changed\": %.0f",
						 request->rows, request->changed);
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/*
 * A number among the arguments of a job, 0 if there is none.
 */
static double
get_number(const CjJob *job, const char *name)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&job->arguments->root, name,
													 strlen(name), NULL);

	if (value == NULL || value->type != jbvNumeric)
		return 0;
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8,
											  NumericGetDatum(value->val.numeric)));
}

/*
 * The names in the array "columns" of a job's arguments.
 */
static List *
get_columns(const CjJob *job)
{
	JsonbValue *array = getKeyJsonValueFromContainer(&job->arguments->root, "columns",
													 strlen("columns"), NULL);
	List	   *columns = NIL;

	if (array == NULL || array->type != jbvBinary)
		return NIL;
	for (uint32 i = 0; i < JsonContainerSize(array->val.binary.data); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(array->val.binary.data, i);

		columns = lappend(columns, pnstrdup(name->val.string.val, name->val.string.len));
	}
	return columns;
}

/*
 * Read the arguments of a job, but for what is there for the history.
 */
void
cj_stats_request_unpack(const CjJob *job, CjStatsRequest *request)
{
	request->relation = (Oid) get_number(job, "relation");
	request->idle = get_number(job, "idle");
	request->columns = get_columns(job);
}
