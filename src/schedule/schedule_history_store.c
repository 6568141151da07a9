/*-------------------------------------------------------------------------
 *
 * schedule_history_store.c
 *	  What became of the times at which schedules were due.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_history_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/base_guc.h"
#include "base/base_store.h"
#include "schedule/schedule_history_store.h"

/*
 * Record a run.  Part of the transaction that starts its job.
 */
void
cj_schedule_history_add(const CjScheduleRun *run, TimestampTz now)
{
	static CjStatement insert = {
		"INSERT INTO jobs.schedule_run (schedule_id, due, recorded, job_id, missed, outcome, detail)"
		" VALUES ($1, $2, $3, nullif($4, 0), $5, nullif($6, ''), nullif($7, ''))",
		7, {INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID, TEXTOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[7];

	Assert((run->outcome == NULL) == (run->job_id != 0));
	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(run->schedule_id);
	values[1] = TimestampTzGetDatum(run->due);
	values[2] = TimestampTzGetDatum(now);
	values[3] = Int64GetDatum(run->job_id);
	values[4] = Int64GetDatum(run->missed);
	values[5] = CStringGetTextDatum(run->outcome != NULL ? run->outcome : "");
	values[6] = CStringGetTextDatum(run->detail != NULL ? run->detail : "");
	cj_store_run(&insert, values, NULL);
	cj_store_close(&scope);
}

/*
 * Read up to so many runs whose jobs have come to their end, or are not there any
 * more, without those of certain schedules; returns their number.
 */
int
cj_schedule_history_ended(int limit, const int64 *without, int nwithout,
						  CjScheduleEnd **ends)
{
	static CjStatement find = {
		"SELECT r.run_id, r.schedule_id, r.job_id, r.due, coalesce(j.state, 'unknown'), j.error, j.job_type"
		" FROM jobs.schedule_run r LEFT JOIN jobs.job j ON j.job_id = r.job_id"
		" WHERE r.outcome IS NULL AND r.schedule_id <> ALL ($2)"
		"  AND NOT EXISTS (SELECT FROM jobs.queue q WHERE q.job_id = r.job_id) LIMIT $1",
		2, {INT4OID, INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		values[2];
	uint64		nrows;

	cj_store_open(&scope, true);
	values[0] = Int32GetDatum(limit);
	values[1] = cj_store_id_array(without, nwithout);
	nrows = cj_store_run(&find, values, NULL);
	*ends = MemoryContextAlloc(scope.caller_context, (nrows + 1) * sizeof(CjScheduleEnd));
	for (uint64 row = 0; row < nrows; row++)
	{
		CjScheduleEnd *end = &(*ends)[row];
		bool		isnull;

		end->run_id = DatumGetInt64(cj_store_value(row, 1, &isnull));
		end->schedule_id = DatumGetInt64(cj_store_value(row, 2, &isnull));
		end->job_id = DatumGetInt64(cj_store_value(row, 3, &isnull));
		end->due = DatumGetTimestampTz(cj_store_value(row, 4, &isnull));
		end->outcome = cj_store_text(&scope, row, 5);
		end->error = cj_store_text(&scope, row, 6);
		end->job_type = cj_store_text(&scope, row, 7);
	}
	cj_store_close(&scope);

	return (int) nrows;
}

/*
 * Record how the job of a run has ended.
 */
void
cj_schedule_history_end(const CjScheduleEnd *end)
{
	static CjStatement update = {
		"UPDATE jobs.schedule_run SET outcome = $2, detail = coalesce(nullif($3, ''), detail)"
		" WHERE run_id = $1",
		3, {INT8OID, TEXTOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[3];

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(end->run_id);
	values[1] = CStringGetTextDatum(end->outcome);
	values[2] = CStringGetTextDatum(end->error != NULL ? end->error : "");
	cj_store_run(&update, values, NULL);
	cj_store_close(&scope);
}

/*
 * Delete up to so many of the oldest runs that are kept no longer: as long as
 * jobs, and as many.  Returns how many were deleted.
 */
uint64
cj_schedule_history_trim(TimestampTz now, int limit)
{
	static CjStatement delete = {
		"DELETE FROM jobs.schedule_run WHERE run_id = ANY (ARRAY(SELECT run_id FROM jobs.schedule_run"
		"  WHERE outcome IS NOT NULL AND (recorded < $1"
		"   OR run_id <= (SELECT max(run_id) FROM jobs.schedule_run) - $2)"
		"  ORDER BY run_id LIMIT $3))",
		3, {TIMESTAMPTZOID, INT8OID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[3];
	uint64		ndeleted;

	cj_store_open(&scope, true);
	values[0] = TimestampTzGetDatum(cj_guc_retention_time == 0 ? DT_NOBEGIN :
									now - cj_guc_retention_time * USECS_PER_SEC);
	values[1] = Int64GetDatum(cj_guc_retention_max_rows == 0 ? PG_INT64_MAX :
							  (int64) cj_guc_retention_max_rows);
	values[2] = Int32GetDatum(limit);
	ndeleted = cj_store_run(&delete, values, NULL);
	cj_store_close(&scope);

	return ndeleted;
}
