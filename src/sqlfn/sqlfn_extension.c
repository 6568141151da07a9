/*-------------------------------------------------------------------------
 *
 * sqlfn_extension.c
 *	  SQL functions for CREATE EXTENSION.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_extension.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/base_extension.h"
#include "job/job_crdb_compat.h"
#include "job/job_pending.h"

PG_FUNCTION_INFO_V1(cj_fn_check_preloaded);
PG_FUNCTION_INFO_V1(cj_fn_wake);
PG_FUNCTION_INFO_V1(cj_fn_install_crdb_compat);
PG_FUNCTION_INFO_V1(cj_fn_uninstall_crdb_compat);

/*
 * jobs.check_preloaded()
 */
Datum
cj_fn_check_preloaded(PG_FUNCTION_ARGS)
{
	cj_extension_check_preloaded();
	PG_RETURN_VOID();
}

/*
 * jobs.wake()
 */
Datum
cj_fn_wake(PG_FUNCTION_ARGS)
{
	cj_extension_check_preloaded();
	cj_job_pending_add_submission();
	PG_RETURN_VOID();
}

/*
 * jobs.install_crdb_compat()
 */
Datum
cj_fn_install_crdb_compat(PG_FUNCTION_ARGS)
{
	cj_crdb_compat_install();
	PG_RETURN_VOID();
}

/*
 * jobs.uninstall_crdb_compat()
 */
Datum
cj_fn_uninstall_crdb_compat(PG_FUNCTION_ARGS)
{
	cj_crdb_compat_uninstall();
	PG_RETURN_VOID();
}
