/*-------------------------------------------------------------------------
 *
 * job_autovacuum.c
 *	  Autovacuum's ANALYZE, as a job.
 *
 * Automatic statistics are PostgreSQL's own matter most of the time.  So what a
 * worker of autovacuum analyzes is shown among the automatic jobs while it does,
 * and can be cancelled as they can.  Nothing of it is in our tables.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_autovacuum.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "pgstat.h"
#include "storage/proc.h"
#include "storage/procarray.h"

#include "base/base_store.h"
#include "job/job_autovacuum.h"
#include "job/job_error.h"
#include "privilege/privilege_job.h"

/*
 * Ids from here on are none of the sequence's.  An id names a process and the
 * start of its transaction: with the next table it has another one.
 */
#define FIRST_ID (INT64CONST(1) << 62)
#define START_BITS 32

/*
 * The id of what a process has been doing since "started".
 */
static int64
make_id(int pid, TimestampTz started)
{
	return FIRST_ID | ((int64) pid << START_BITS) |
		(started & ((INT64CONST(1) << START_BITS) - 1));
}

/*
 * The tables of this database that workers of autovacuum analyze at present, in
 * the caller's memory context; returns their number.
 */
int
cj_autovacuum_jobs(CjAutovacuumJob **jobs)
{
	static CjStatement read = {
		"SELECT a.pid, a.xact_start, format('%s.%s.%I', current_database(), c.relnamespace::regnamespace, c.relname), p.phase,"
		"  coalesce(p.sample_blks_scanned::float8 / nullif(p.sample_blks_total, 0), 0)"
		" FROM pg_stat_activity a JOIN pg_stat_progress_analyze p ON p.pid = a.pid"
		"  JOIN pg_class c ON c.oid = p.relid"
		" WHERE a.backend_type = 'autovacuum worker' AND p.datname = current_database()"
		"  AND a.xact_start IS NOT NULL",
		0
	};
	CjStoreScope scope;
	uint64		nrows;

	pgstat_clear_snapshot();
	cj_store_open(&scope, false);
	nrows = cj_store_read(&read, NULL);
	*jobs = MemoryContextAllocZero(scope.caller_context,
								   (nrows + 1) * sizeof(CjAutovacuumJob));
	for (uint64 row = 0; row < nrows; row++)
	{
		CjAutovacuumJob *job = &(*jobs)[row];
		bool		isnull;

		job->pid = DatumGetInt32(cj_store_value(row, 1, &isnull));
		job->started = DatumGetTimestampTz(cj_store_value(row, 2, &isnull));
		job->table = cj_store_text(&scope, row, 3);
		job->phase = cj_store_text(&scope, row, 4);
		job->fraction = DatumGetFloat8(cj_store_value(row, 5, &isnull));
		job->id = make_id(job->pid, job->started);
	}
	cj_store_close(&scope);

	return (int) nrows;
}

/*
 * The process that has this job; raises 42501 if "roleid" may not control it,
 * 42704 if there is no such job (any more), 0A000 for all but a cancel.
 */
static int
find_worker(CjControlVerb verb, Oid roleid, int64 id)
{
	CjAutovacuumJob *jobs;
	int			njobs;

	njobs = cj_autovacuum_jobs(&jobs);
	for (int i = 0; i < njobs; i++)
	{
		if (jobs[i].id != id)
			continue;
		cj_privilege_check_control(roleid, id, CJ_AUTOVACUUM_OWNER, false);
		if (verb != CJ_CONTROL_CANCEL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("job %lld: a job of autovacuum can only be canceled",
							(long long) id)));
		return jobs[i].pid;
	}
	cj_job_error_not_found(id);
}

/*
 * Take autovacuum's jobs out of the ids of a control statement; what remains is
 * in *others, and its number is returned.  *workers becomes the list of
 * processes to cancel.
 *
 * Raises what find_worker() raises.
 */
int
cj_autovacuum_take_out(CjControlVerb verb, Oid roleid, const int64 *ids,
					   int nids, const int64 **others, List **workers)
{
	int64	   *rest = NULL;
	int			nrest = 0;

	*workers = NIL;
	*others = ids;
	for (int i = 0; i < nids; i++)
	{
		if (ids[i] >= FIRST_ID && rest == NULL)
		{
			rest = palloc_extended(nids * sizeof(int64), MCXT_ALLOC_HUGE);
			memcpy(rest, ids, i * sizeof(int64));
			nrest = i;
			*others = rest;
		}
		if (ids[i] >= FIRST_ID)
			*workers = list_append_unique_int(*workers, find_worker(verb, roleid, ids[i]));
		else if (rest != NULL)
			rest[nrest++] = ids[i];
	}
	return rest != NULL ? nrest : nids;
}

/*
 * Interrupt what workers of autovacuum are doing.  They go on with their next
 * table.  It is no job of ours that could wait for a commit: this is done at once,
 * as pg_cancel_backend() does it.
 */
void
cj_autovacuum_cancel(const List *workers)
{
	ListCell   *lc;

	foreach(lc, workers)
	{
		PGPROC	   *process = BackendPidGetProc(lfirst_int(lc));

		if (process != NULL && (process->statusFlags & PROC_IS_AUTOVACUUM) != 0)
			(void) kill(lfirst_int(lc), SIGINT);
	}
	if (workers != NIL)
		ereport(NOTICE,
				(errmsg("autovacuum is going to analyze the table again by its own rules"),
				 errhint("To keep it from that, use ALTER TABLE .. SET (autovacuum_enabled = false).")));
}
