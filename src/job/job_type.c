/*-------------------------------------------------------------------------
 *
 * job_type.c
 *	  The registry of job types.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_type.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "job/job_type.h"

static List *job_types = NIL;

/*
 * Make a job type known.  Called at preload, so that every process has it.
 */
void
cj_job_type_register(const CjJobType *type)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	job_types = lappend(job_types, unconstify(CjJobType *, type));
	MemoryContextSwitchTo(old);
}

/*
 * The job type of this name, NULL if no loaded library has it.
 */
const CjJobType *
cj_job_type_find(const char *name)
{
	ListCell   *lc;

	foreach(lc, job_types)
	{
		const CjJobType *type = (const CjJobType *) lfirst(lc);

		if (strcmp(type->name, name) == 0)
			return type;
	}
	return NULL;
}

/*
 * All types, as a list of const CjJobType pointers.
 */
const List *
cj_job_type_list(void)
{
	return job_types;
}

/*
 * Must something be undone for this job when it fails or is cancelled?
 */
bool
cj_job_type_needs_cleanup(const CjJob *job)
{
	const CjJobType *type = cj_job_type_find(job->type);

	if (type == NULL || type->on_fail_or_cancel == NULL)
		return false;
	return type->has_cleanup == NULL || type->has_cleanup(job);
}
