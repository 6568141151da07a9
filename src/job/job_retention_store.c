/*-------------------------------------------------------------------------
 *
 * job_retention_store.c
 *	  Deleting jobs that finished long ago.
 *
 * A pass goes over the index of finished jobs from the oldest on, a batch in a
 * transaction, up to a horizon: jobs.retention_time ago, or when the newest
 * jobs.retention_max_rows began, whichever is later.  They are counted only if
 * the table's statistics say that there are more.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_retention_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/base_guc.h"
#include "base/base_store.h"
#include "job/job_message.h"
#include "job/job_retention_store.h"

/* So many jobs are deleted in a transaction. */
#define BATCH_SIZE 1000

/*
 * Begin a pass.  Returns false if there is nothing to delete.  Needs a
 * transaction of the store.
 */
bool
cj_job_retention_begin(CjRetentionPass *pass)
{
	static CjStatement find_horizon = {
		"SELECT greatest("
		" CASE WHEN $1 > 0 THEN clock_timestamp() - $1 * interval '1 second' END,"
		" CASE WHEN $2 > 0 AND (SELECT reltuples FROM pg_class WHERE oid = 'jobs.job'::regclass) > $2"
		"  THEN (SELECT recorded FROM jobs.message WHERE " CJ_MESSAGE_IS_LAST_STATE
		"  ORDER BY recorded DESC OFFSET $2 LIMIT 1) + interval '1 microsecond' END),"
		" (SELECT recorded FROM jobs.message WHERE " CJ_MESSAGE_IS_LAST_STATE
		"  ORDER BY recorded LIMIT 1)",
		2, {INT4OID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[2];
	bool		no_horizon;
	bool		no_oldest;

	cj_store_open(&scope, true);
	values[0] = Int32GetDatum(cj_guc_retention_time);
	values[1] = Int32GetDatum(cj_guc_retention_max_rows);
	cj_store_run(&find_horizon, values, NULL);
	pass->horizon = DatumGetTimestampTz(cj_store_value(0, 1, &no_horizon));
	pass->oldest = DatumGetTimestampTz(cj_store_value(0, 2, &no_oldest));
	cj_store_close(&scope);

	if (no_oldest)
		pass->oldest = DT_NOEND;
	pass->recorded = DT_NOBEGIN;
	pass->job_id = 0;
	return !no_horizon && pass->oldest < pass->horizon;
}

/*
 * Delete the next batch.  A job that goes on, since its clean-up was asked for
 * once more, or whose row is locked, stays.  Returns whether there may be
 * another batch.  Needs a transaction of the store.
 */
bool
cj_job_retention_delete(CjRetentionPass *pass)
{
	static CjStatement delete = {
		"WITH old AS MATERIALIZED ("
		" SELECT recorded, job_id FROM jobs.message WHERE " CJ_MESSAGE_IS_LAST_STATE
		"  AND recorded < $1 AND (recorded, job_id) > ($2, $3)"
		" ORDER BY recorded, job_id LIMIT $4),"
		" deleted AS ("
		" DELETE FROM jobs.job WHERE job_id IN ("
		"  SELECT j.job_id FROM old JOIN jobs.job j ON j.job_id = old.job_id"
		"  WHERE j.finished < $1 FOR UPDATE OF j SKIP LOCKED)"
		" RETURNING job_id),"
		" silenced AS (DELETE FROM jobs.message m USING deleted d WHERE m.job_id = d.job_id),"
		" forgotten AS (DELETE FROM jobs.progress_point p USING deleted d WHERE p.job_id = d.job_id)"
		" SELECT recorded, job_id, count(*) OVER () FROM old"
		" ORDER BY recorded DESC, job_id DESC LIMIT 1",
		4, {TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT4OID}
	};
	CjStoreScope scope;
	Datum		values[4];
	int64		found = 0;
	bool		isnull;

	cj_store_open(&scope, true);
	values[0] = TimestampTzGetDatum(pass->horizon);
	values[1] = TimestampTzGetDatum(pass->recorded);
	values[2] = Int64GetDatum(pass->job_id);
	values[3] = Int32GetDatum(BATCH_SIZE);
	if (cj_store_run(&delete, values, NULL) > 0)
	{
		pass->recorded = DatumGetTimestampTz(cj_store_value(0, 1, &isnull));
		pass->job_id = DatumGetInt64(cj_store_value(0, 2, &isnull));
		found = DatumGetInt64(cj_store_value(0, 3, &isnull));
	}
	cj_store_close(&scope);

	return found == BATCH_SIZE;
}
