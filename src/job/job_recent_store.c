/*-------------------------------------------------------------------------
 *
 * job_recent_store.c
 *	  How the jobs that a user may see are found for SHOW JOBS.
 *
 * There are two ways to the unfinished jobs and those that finished lately: over
 * the queue and the index of finished jobs, which looks at everybody's, or over
 * the owners whose jobs the user may see, which looks at old ones, too.  The
 * first one is right for who may see most of the jobs, or if there are not many;
 * the second one for who has few jobs among many.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_recent_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "base/base_store.h"
#include "compat.h"
#include "job/job_message.h"
#include "job/job_recent_store.h"
#include "privilege/privilege_job.h"

/* Everybody's recent jobs are looked at if there are no more than this. */
#define MAX_RECENT 1000

/* Of a user who may see more jobs than this, the old ones are not looked at. */
#define MAX_FEW 10000

/* The jobs that finished in the last twelve hours. */
#define FINISHED_LATELY \
	"SELECT job_id FROM jobs.message WHERE " CJ_MESSAGE_IS_LAST_STATE \
	" AND recorded > now() - interval '12 hours'"

/* The unfinished jobs, and these. */
#define RECENT "SELECT job_id FROM jobs.queue UNION " FINISHED_LATELY

/*
 * Are there more recent jobs than anybody would mind to look at?
 */
static bool
are_many_recent(void)
{
	static CjStatement count = {
		"SELECT (SELECT count(*) FROM (SELECT FROM jobs.queue LIMIT $1 + 1) q)"
		" + (SELECT count(*) FROM (" FINISHED_LATELY " LIMIT $1 + 1) m) > $1",
		1, {INT4OID}
	};
	CjStoreScope scope;
	Datum		values[1];
	bool		isnull;
	bool		many;

	cj_store_open(&scope, false);
	values[0] = Int32GetDatum(MAX_RECENT);
	cj_store_read(&count, values);
	many = DatumGetBool(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return many;
}

/*
 * The owners of jobs that the current user may see, as an array for the next
 * query.  Looks at one job of each owner.
 */
static Datum
find_owners(CjPrivileges *privileges)
{
	static CjStatement find = {
		"WITH RECURSIVE o AS ("
		" (SELECT owner FROM jobs.job ORDER BY owner LIMIT 1)"
		" UNION ALL"
		" SELECT (SELECT j.owner FROM jobs.job j WHERE j.owner > o.owner ORDER BY j.owner LIMIT 1)"
		" FROM o WHERE o.owner IS NOT NULL)"
		" SELECT owner::oid FROM o WHERE owner IS NOT NULL",
		0
	};
	CjStoreScope scope;
	uint64		nfound;
	Oid		   *found;
	Datum	   *seen;
	int			nseen = 0;

	cj_store_open(&scope, false);
	nfound = cj_store_read(&find, NULL);
	found = MemoryContextAlloc(scope.caller_context, (nfound + 1) * sizeof(Oid));
	for (uint64 i = 0; i < nfound; i++)
	{
		bool		isnull;

		found[i] = DatumGetObjectId(cj_store_value(i, 1, &isnull));
	}
	cj_store_close(&scope);

	/* From here on the user is the current one again. */
	seen = palloc((nfound + 1) * sizeof(Datum));
	for (uint64 i = 0; i < nfound; i++)
	{
		if (cj_privilege_may_see(privileges, found[i]))
			seen[nseen++] = ObjectIdGetDatum(found[i]);
	}
	return PointerGetDatum(construct_array_builtin(seen, nseen, OIDOID));
}

/*
 * Run a query that gives one array of ids; they are in the caller's memory
 * context.
 */
static int
read_ids(CjStatement *find, Datum *values, int64 **ids)
{
	CjStoreScope scope;
	MemoryContext context;
	Datum		array;
	bool		isnull;
	int			nids = 0;

	cj_store_open(&scope, false);
	cj_store_read(find, values);
	array = cj_store_value(0, 1, &isnull);
	context = MemoryContextSwitchTo(scope.caller_context);
	if (!isnull)
		nids = cj_store_array_ids(DatumGetArrayTypeP(array), ids);
	MemoryContextSwitchTo(context);
	cj_store_close(&scope);

	return nids;
}

/*
 * The unfinished jobs that the current user may see, and those that finished in
 * the last twelve hours, in the current memory context; returns their number.
 * There may be older ones among them.
 */
int
cj_job_find_recent(int64 **ids)
{
	static CjStatement all = {
		"SELECT array_agg(job_id) FROM (" RECENT ") r", 0,.many_rows = true
	};
	static CjStatement among_all = {
		"SELECT array_agg(r.job_id) FROM (" RECENT ") r JOIN jobs.job j ON j.job_id = r.job_id"
		" WHERE j.owner = ANY ($1::regrole[])",
		1, {OIDARRAYOID},.many_rows = true
	};
	static CjStatement of_owners = {
		"SELECT array_agg(job_id) FROM ("
		" SELECT job_id FROM jobs.job WHERE owner = ANY ($1::regrole[]) LIMIT $2 + 1) j",
		2, {OIDARRAYOID, INT4OID}
	};
	CjPrivileges privileges;
	Datum		values[2];
	int			nids;

	cj_privilege_begin(&privileges, GetUserId());
	if (cj_privilege_may_see_all(&privileges))
		return read_ids(&all, NULL, ids);

	values[0] = find_owners(&privileges);
	values[1] = Int32GetDatum(MAX_FEW);
	if (are_many_recent())
	{
		nids = read_ids(&of_owners, values, ids);
		if (nids <= MAX_FEW)
			return nids;
	}
	return read_ids(&among_all, values, ids);
}
