/*-------------------------------------------------------------------------
 *
 * sqlfn_statistics.c
 *	  SQL functions that have table statistics collected.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_statistics.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_commit.h"
#include "base/base_extension.h"
#include "jobtype/jobtype_stats.h"
#include "jobtype/jobtype_stats_option_store.h"

PG_FUNCTION_INFO_V1(cj_fn_create_statistics);
PG_FUNCTION_INFO_V1(cj_fn_collect_statistics);
PG_FUNCTION_INFO_V1(cj_fn_analyze);
PG_FUNCTION_INFO_V1(cj_fn_set_table_option);

/*
 * The names in the second argument; null is all columns, and a null name or
 * none is refused (22004, 22023).
 */
static List *
get_columns(FunctionCallInfo fcinfo)
{
	List	   *columns = NIL;
	Datum	   *names;
	bool	   *nulls;
	int			nnames;

	if (PG_ARGISNULL(1))
		return NIL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), NAMEOID, NAMEDATALEN, false,
					  TYPALIGN_CHAR, &names, &nulls, &nnames);
	if (nnames == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of columns must not be empty")));
	for (int i = 0; i < nnames; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the name of a column must not be null")));
		columns = lappend(columns, NameStr(*DatumGetName(names[i])));
	}
	return columns;
}

/*
 * The request that the arguments (table_name, columns) make; raises 22004 for
 * no table.
 */
static CjStatsRequest
get_request(FunctionCallInfo fcinfo)
{
	CjStatsRequest request = {0};

	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table must not be null")));
	request.relation = PG_GETARG_OID(0);
	request.columns = get_columns(fcinfo);
	return request;
}

/*
 * The name in the third argument; NULL for null.
 */
static const char *
statistics_name(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(2) ? NULL : NameStr(*PG_GETARG_NAME(2));
}

/*
 * jobs.create_statistics(table_name, columns, statistics_name)
 */
Datum
cj_fn_create_statistics(PG_FUNCTION_ARGS)
{
	CjStatsRequest request = get_request(fcinfo);

	PG_RETURN_INT64(cj_stats_submit(&request, cj_stats_request_create(&request, statistics_name(fcinfo))));
}

/*
 * jobs.collect_statistics(table_name, columns, statistics_name), a procedure
 */
Datum
cj_fn_collect_statistics(PG_FUNCTION_ARGS)
{
	CjStatsRequest request = get_request(fcinfo);

	cj_stats_submit_and_wait(&request,
							 cj_stats_request_create(&request, statistics_name(fcinfo)),
							 cj_commit_is_possible(fcinfo));
	PG_RETURN_VOID();
}

/*
 * jobs.analyze(table_name, columns)
 */
Datum
cj_fn_analyze(PG_FUNCTION_ARGS)
{
	CjStatsRequest request = get_request(fcinfo);

	PG_RETURN_INT64(cj_stats_submit(&request, cj_stats_request_analyze(&request)));
}

/*
 * jobs.set_table_option(table_name, name, value)
 */
Datum
cj_fn_set_table_option(PG_FUNCTION_ARGS)
{
	cj_extension_check_preloaded();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table and the name of the option must not be null")));
	cj_table_option_set(PG_GETARG_OID(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
						PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PG_RETURN_VOID();
}
