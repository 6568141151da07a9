/*-------------------------------------------------------------------------
 *
 * sqlfn_setting.c
 *	  SQL functions for cluster settings.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_setting.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/base_commit.h"
#include "base/base_extension.h"
#include "base/base_setting.h"

PG_FUNCTION_INFO_V1(cj_fn_set_cluster_setting);
PG_FUNCTION_INFO_V1(cj_fn_reset_cluster_setting);
PG_FUNCTION_INFO_V1(cj_fn_show_cluster_setting);
PG_FUNCTION_INFO_V1(cj_fn_show_all_cluster_settings);

#define SETTING_COLUMNS 7

/*
 * What both procedures begin with: check that this can be done here, and
 * return the name in the first argument.
 */
static char *
begin_change(FunctionCallInfo fcinfo)
{
	cj_extension_check_preloaded();
	cj_setting_prevent_in_transaction(cj_commit_is_possible(fcinfo));
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of cluster setting must not be null")));
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

/*
 * CALL jobs.set_cluster_setting(name, value)
 */
Datum
cj_fn_set_cluster_setting(PG_FUNCTION_ARGS)
{
	char	   *name = begin_change(fcinfo);

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("value of cluster setting \"%s\" must not be null",
						name)));
	cj_setting_set(name, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

/*
 * CALL jobs.reset_cluster_setting(name)
 */
Datum
cj_fn_reset_cluster_setting(PG_FUNCTION_ARGS)
{
	cj_setting_set(begin_change(fcinfo), NULL);
	PG_RETURN_VOID();
}

/*
 * jobs.show_cluster_setting(name)
 */
Datum
cj_fn_show_cluster_setting(PG_FUNCTION_ARGS)
{
	CjSetting  *setting = cj_setting_get(text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (setting->value == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(setting->value));
}

/*
 * jobs.show_all_cluster_settings()
 */
Datum
cj_fn_show_all_cluster_settings(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, cj_setting_list())
	{
		CjSetting  *setting = lfirst(lc);
		char		type[2] = {(char) setting->type, '\0'};
		Datum		values[SETTING_COLUMNS] = {0};
		bool		nulls[SETTING_COLUMNS] = {0};

		values[0] = CStringGetTextDatum(setting->name);
		nulls[1] = setting->value == NULL;
		if (!nulls[1])
			values[1] = CStringGetTextDatum(setting->value);
		values[2] = CStringGetTextDatum(type);
		values[3] = BoolGetDatum(setting->is_public);
		nulls[4] = setting->description == NULL;
		if (!nulls[4])
			values[4] = CStringGetTextDatum(setting->description);
		values[5] = CStringGetTextDatum(setting->default_value);
		values[6] = CStringGetTextDatum(setting->origin);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
