/*-------------------------------------------------------------------------
 *
 * job_progress_store.c
 *	  The progress of jobs in the tables, and its history.
 *
 * The history has a point each time the fraction is written and has moved, and
 * at most MAX_POINTS for a job: when there are more, every second one goes, so
 * that what is left still covers the whole time.
 *
 * Who writes a point has locked the job's row before, or has changed it: two
 * who thin out a job's points come one after the other.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_progress_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/base_store.h"
#include "job/job_progress_store.h"

/* So many points of a job's history are kept. */
#define MAX_POINTS 1000

/* The fraction in a job's last point. */
#define LAST_POINT \
	"(SELECT fraction FROM jobs.progress_point WHERE job_id = $1" \
	" ORDER BY point_id DESC LIMIT 1)"

/*
 * Take every second point out of a job's history if it has grown too long, but
 * neither the first nor the last one.
 * Needs a store that is open, and the lock of the job's row.
 */
static void
thin_out(int64 job_id)
{
	static CjStatement thin = {
		"DELETE FROM jobs.progress_point p USING ("
		" SELECT point_id, row_number() OVER (ORDER BY point_id DESC) AS n, count(*) OVER () AS npoints"
		" FROM jobs.progress_point WHERE job_id = $1) o"
		" WHERE p.job_id = $1 AND p.point_id = o.point_id AND o.n % 2 = 0 AND o.n < o.npoints"
		"  AND EXISTS (SELECT FROM jobs.progress_point WHERE job_id = $1 OFFSET $2)",
		2, {INT8OID, INT4OID}
	};
	Datum		values[2];

	values[0] = Int64GetDatum(job_id);
	values[1] = Int32GetDatum(MAX_POINTS);
	cj_store_run(&thin, values, NULL);
}

/*
 * Copy live progress into the tables.  Skips a job whose row somebody has
 * locked: this is a courtesy, and must not hold its caller up.
 *
 * Needs a read committed transaction.
 */
void
cj_job_progress_copy(const CjJobProgress *progress)
{
	static CjStatement copy = {
		"WITH mine AS ("
		" SELECT job_id FROM jobs.job"
		"  WHERE job_id = $1 AND claim_generation = $2 FOR NO KEY UPDATE SKIP LOCKED),"
		" copied AS (UPDATE jobs.job j SET"
		"  fraction = CASE WHEN $3 < 0 THEN fraction ELSE $3 END,"
		"  status = coalesce($4, status)"
		"  FROM mine m WHERE j.job_id = m.job_id AND NOT $5)"
		"INSERT INTO jobs.progress_point (job_id, fraction)"
		" SELECT job_id, $3 FROM mine WHERE $3 >= 0 AND $3 IS DISTINCT FROM " LAST_POINT,
		5, {INT8OID, INT8OID, FLOAT8OID, TEXTOID, BOOLOID}
	};
	CjStoreScope scope;
	Datum		values[5];
	char		nulls[5];

	cj_store_open(&scope, true);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(progress->job_id);
	values[1] = Int64GetDatum((int64) progress->generation);
	values[2] = Float8GetDatum(progress->fraction);
	if (progress->status != NULL)
		values[3] = CStringGetTextDatum(progress->status);
	else
		nulls[3] = 'n';
	values[4] = BoolGetDatum(progress->history_only);
	if (cj_store_run(&copy, values, nulls) > 0)
		thin_out(progress->job_id);
	cj_store_close(&scope);
}

/*
 * Write a point into a job's history, in the current transaction, which has
 * changed the job's row.
 */
void
cj_job_progress_record(int64 job_id, double fraction)
{
	static CjStatement insert_moved = {
		"INSERT INTO jobs.progress_point (job_id, fraction)"
		" SELECT $1, $2 WHERE $2 IS DISTINCT FROM " LAST_POINT,
		2, {INT8OID, FLOAT8OID}
	};
	static CjStatement insert = {
		"INSERT INTO jobs.progress_point (job_id, fraction) VALUES ($1, $2)",
		2, {INT8OID, FLOAT8OID}
	};
	CjStoreScope scope;
	Datum		values[2];

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(job_id);
	values[1] = Float8GetDatum(fraction);

	/*
	 * Under an isolation level that keeps its snapshot the job could not
	 * finish because of the points that it reads or deletes.
	 */
	if (IsolationUsesXactSnapshot())
		cj_store_run(&insert, values, NULL);
	else if (cj_store_run(&insert_moved, values, NULL) > 0)
		thin_out(job_id);
	cj_store_close(&scope);
}

/*
 * Let a job say this while it is paused.  Skips one whose row somebody has locked.
 */
void
cj_job_progress_tell_paused(int64 job_id, const char *status)
{
	static CjStatement tell = {
		"UPDATE jobs.job SET status = $2 WHERE job_id = (SELECT job_id FROM jobs.job"
		"  WHERE job_id = $1 AND state = 'paused' AND status IS DISTINCT FROM $2"
		"  FOR NO KEY UPDATE SKIP LOCKED)",
		2, {INT8OID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[2];

	values[0] = Int64GetDatum(job_id);
	values[1] = CStringGetTextDatum(status);
	cj_store_open(&scope, true);
	cj_store_run(&tell, values, NULL);
	cj_store_close(&scope);
}
