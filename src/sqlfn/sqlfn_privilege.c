/*-------------------------------------------------------------------------
 *
 * sqlfn_privilege.c
 *	  SQL functions about who may see, control and own jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/sqlfn/sqlfn_privilege.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "base/base_extension.h"
#include "job/job_owner.h"
#include "privilege/privilege_job.h"
#include "privilege/privilege_schedule.h"

PG_FUNCTION_INFO_V1(cj_fn_may_see_all);
PG_FUNCTION_INFO_V1(cj_fn_may_see_all_schedules);
PG_FUNCTION_INFO_V1(cj_fn_may_control);
PG_FUNCTION_INFO_V1(cj_fn_alter_owner);

/*
 * jobs.may_see_all()
 */
Datum
cj_fn_may_see_all(PG_FUNCTION_ARGS)
{
	CjPrivileges privileges;

	cj_privilege_begin(&privileges, GetUserId());
	PG_RETURN_BOOL(cj_privilege_may_see_all(&privileges));
}

/*
 * jobs.may_see_all_schedules()
 */
Datum
cj_fn_may_see_all_schedules(PG_FUNCTION_ARGS)
{
	CjPrivileges privileges;

	cj_privilege_begin(&privileges, GetUserId());
	PG_RETURN_BOOL(cj_privilege_may_see_all_schedules(&privileges));
}

/*
 * jobs.may_control(roleid, controljob, job_owner, held)
 */
Datum
cj_fn_may_control(PG_FUNCTION_ARGS)
{
	CjPrivileges privileges = {
		.roleid = PG_GETARG_OID(0),
		.known = true,
		.control_all = PG_GETARG_BOOL(1)
	};

	PG_RETURN_BOOL(cj_privilege_may_control(&privileges, PG_GETARG_OID(2),
											PG_GETARG_BOOL(3)));
}

/*
 * jobs.alter_owner(job_id, new_owner); null is no job.
 */
Datum
cj_fn_alter_owner(PG_FUNCTION_ARGS)
{
	cj_extension_check_preloaded();
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the new owner of a job must not be null")));
	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);

	cj_job_owner_alter(PG_GETARG_INT64(0),
					   get_role_oid(NameStr(*PG_GETARG_NAME(1)), false));
	PG_RETURN_INT64(1);
}
