/*-------------------------------------------------------------------------
 *
 * job_control_many.c
 *	  Requests for the jobs of schedules, and for all jobs of a type.
 *
 * Only jobs that have not come to their end can be meant, and of those jobs.queue
 * has all.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_control_many.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "base/base_store.h"
#include "job/job_control_many.h"
#include "job/job_error.h"
#include "job/job_type.h"

/*
 * Control the jobs that a query finds: one with one argument and one column,
 * the ids in their order.
 */
static int64
control_found(CjControlVerb verb, CjStatement *find, Datum argument,
			  const char *reason)
{
	CjStoreScope scope;
	int64	   *ids;
	uint64		nrows;

	cj_store_open(&scope, false);
	nrows = cj_store_run(find, &argument, NULL);
	if (nrows > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many ids in one statement")));
	ids = MemoryContextAllocHuge(scope.caller_context,
								 (nrows + 1) * sizeof(int64));
	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;

		ids[row] = DatumGetInt64(cj_store_value(row, 1, &isnull));
	}
	cj_store_close(&scope);

	return cj_job_control_possible(verb, ids, (int) nrows, reason);
}

/*
 * Cancel, pause or resume the jobs that these schedules have made and for which
 * the verb means something; returns their number.  "reason" may be NULL.
 *
 * Raises what cj_job_control() raises: one job that the current user may not
 * control is enough.
 */
int64
cj_job_control_schedules(CjControlVerb verb, const int64 *schedules,
						 int nschedules, const char *reason)
{
	static CjStatement find = {
		"SELECT j.job_id FROM jobs.queue q JOIN jobs.job j ON j.job_id = q.job_id"
		" WHERE j.created_by_type = '" CJ_CREATED_BY_SCHEDULE "'"
		"  AND j.created_by_id = ANY ($1) ORDER BY j.job_id",
		1, {INT8ARRAYOID}
	};

	return control_found(verb, &find, cj_store_id_array(schedules, nschedules),
						 reason);
}

/*
 * Is this the name of a job type, as a statement has it: in lower case?  Those
 * that CockroachDB knows may not be there.
 */
static bool
is_type_name(const char *name)
{
	static const char *const names[] = {"backup", "changefeed", "import", "restore"};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/*
 * As cj_job_control_schedules(), for all jobs of a type, whose name is given as
 * in CANCEL ALL backup JOBS.  Raises 22023 if there is no such type.
 */
int64
cj_job_control_type(CjControlVerb verb, const char *name, const char *reason)
{
	static CjStatement find = {
		"SELECT q.job_id FROM jobs.queue q WHERE q.job_type = $1 ORDER BY q.job_id",
		1, {TEXTOID}
	};
	char	   *type = asc_toupper(name, strlen(name));
	char	   *lower = asc_tolower(name, strlen(name));

	if (strcmp(lower, name) != 0 ||
		(!is_type_name(name) && cj_job_type_find(type) == NULL))
		cj_job_error_unsupported_type();
	return control_found(verb, &find, CStringGetTextDatum(type), reason);
}
