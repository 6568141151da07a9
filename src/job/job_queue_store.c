/*-------------------------------------------------------------------------
 *
 * job_queue_store.c
 *	  What the unfinished jobs wait for.
 *
 * A job can be claimed if its row in jobs.queue is not claimed, has no time to
 * wait for (next_run) and is not blocked: by jobs that it depends on, by
 * another one with its exclusive key, by a pause.  Only the coordinator calls
 * this.  It reads what sessions have written into jobs.job, and skips rows that
 * are locked: nobody holds it up.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_queue_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/base_store.h"
#include "compat.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_queue_store.h"
#include "job/job_state.h"

/* Jobs that no worker has and that sessions have requested something for. */
#define REQUESTED_JOBS \
	"jobs.queue q JOIN jobs.job j ON j.job_id = q.job_id" \
	" WHERE NOT q.claimed AND (j.state IN ('cancel-requested', 'pause-requested')" \
	"  OR q.blocked = 'paused' AND j.state IN ('running', 'reverting'))"

/*
 * Carry out the requests for them.  A job that never started is canceled at
 * once; one that did goes through its clean-up.  A job that was resumed waits
 * for what it had to wait for.
 */
#define SETTLE_REQUESTS(condition) \
	"WITH target AS (" \
	" SELECT q.job_id, q.exclusive_key, j.state AS old_state, j.modified AS requested," \
	"  CASE WHEN j.state = 'running' AND j.start_at > clock_timestamp() THEN j.start_at END AS next_run," \
	"  CASE j.state WHEN 'pause-requested' THEN 'paused'" \
	"   WHEN 'cancel-requested' THEN CASE WHEN j.started IS NULL THEN 'canceled' ELSE 'reverting' END" \
	"   ELSE j.state END AS state" \
	" FROM " REQUESTED_JOBS condition \
	" FOR NO KEY UPDATE OF j SKIP LOCKED)," \
	" changed AS (" \
	" UPDATE jobs.job j SET state = t.state," \
	"  outcome = CASE WHEN old_state = 'cancel-requested' THEN 'canceled' ELSE outcome END," \
	"  error = CASE WHEN old_state = 'cancel-requested'" \
	"   THEN $1 || " CJ_JOB_SQL_WITH_REASON " ELSE error END," \
	"  sqlstate = CASE WHEN old_state = 'cancel-requested' THEN $2 ELSE sqlstate END," \
	"  finished = CASE WHEN t.state = 'canceled' THEN clock_timestamp() END," \
	"  modified = clock_timestamp()" \
	" FROM target t WHERE j.job_id = t.job_id AND t.state <> old_state" \
	" RETURNING j.job_id, j.job_type, j.state)," \
	" unqueued AS (DELETE FROM jobs.queue q USING target t" \
	"  WHERE q.job_id = t.job_id AND t.state = 'canceled')," \
	" undepended AS (DELETE FROM jobs.dependency d USING target t" \
	"  WHERE d.job_id = t.job_id AND t.state = 'canceled')," \
	" queued AS (UPDATE jobs.queue q SET next_run = t.next_run, blocked = CASE" \
	"   WHEN t.state = 'paused' THEN 'paused'" \
	"   WHEN t.state = 'running' AND EXISTS (SELECT FROM jobs.dependency d WHERE d.job_id = t.job_id)" \
	"   THEN 'dependency'" \
	"   WHEN t.exclusive_key IS NOT NULL THEN 'exclusive' END" \
	"  FROM target t WHERE q.job_id = t.job_id AND t.state <> 'canceled')," \
	" logged AS (INSERT INTO jobs.message (job_id, kind, recorded, message)" \
	"  SELECT job_id, 'state', requested, old_state FROM target WHERE state <> old_state" \
	"  UNION ALL SELECT job_id, 'state', clock_timestamp(), state FROM changed)" \
	" SELECT job_id, job_type, state FROM changed"

/* Follow a REASSIGN OWNED: the new owner may have a job with the same key. */
#define FOLLOW_OWNER(condition) \
	"UPDATE jobs.queue q SET owner = j.owner::oid," \
	"  blocked = CASE WHEN q.blocked IS NULL AND q.exclusive_key IS NOT NULL" \
	"   THEN 'exclusive' ELSE q.blocked END" \
	" FROM jobs.job j WHERE j.job_id = q.job_id AND NOT q.claimed" \
	"  AND q.owner <> j.owner::oid" condition

/*
 * The jobs that others depend on and that are finished, or gone.  The jobs
 * depended on are found by skipping from one to the next in the index.
 */
#define ENDED_PARENTS \
	"WITH RECURSIVE parents (job_id) AS (" \
	" (SELECT depends_on FROM jobs.dependency ORDER BY depends_on LIMIT 1)" \
	" UNION ALL" \
	" SELECT (SELECT d.depends_on FROM jobs.dependency d WHERE d.depends_on > p.job_id" \
	"  ORDER BY d.depends_on LIMIT 1)" \
	" FROM parents p WHERE p.job_id IS NOT NULL)," \
	" ended AS (" \
	" SELECT p.job_id, j.state FROM parents p LEFT JOIN jobs.job j ON j.job_id = p.job_id" \
	" WHERE p.job_id IS NOT NULL" \
	"  AND (j.job_id IS NULL OR j.state IN ('succeeded', 'failed', 'canceled', 'revert-failed')))"

/*
 * Carry out what sessions have requested for jobs that no worker has, and note
 * who owns them now: for these ids, or, if "nids" is negative, for all.
 *
 * Returns false if some are left, since their rows are locked.
 */
bool
cj_job_queue_settle(const int64 *ids, int nids)
{
	static CjStatement settle_all = {
		SETTLE_REQUESTS(""), 2, {TEXTOID, TEXTOID}
	};
	static CjStatement settle_ids = {
		SETTLE_REQUESTS(" AND q.job_id = ANY ($3)"),
		3, {TEXTOID, TEXTOID, INT8ARRAYOID}
	};
	static CjStatement follow_all = {FOLLOW_OWNER(""), 0};
	static CjStatement follow_ids = {
		FOLLOW_OWNER(" AND q.job_id = ANY ($1)"), 1, {INT8ARRAYOID}
	};
	static CjStatement probe_all = {
		"SELECT FROM " REQUESTED_JOBS " LIMIT 1", 0
	};
	static CjStatement probe_ids = {
		"SELECT FROM " REQUESTED_JOBS " AND q.job_id = ANY ($1) LIMIT 1",
		1, {INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		values[3];
	bool		all = nids < 0;
	bool		left;

	if (nids == 0)
		return true;

	cj_job_state_check(CJ_JOB_CANCEL_REQUESTED, CJ_JOB_CANCELED);
	cj_job_state_check(CJ_JOB_CANCEL_REQUESTED, CJ_JOB_REVERTING);
	cj_job_state_check(CJ_JOB_PAUSE_REQUESTED, CJ_JOB_PAUSED);

	cj_store_open(&scope, true);
	values[0] = CStringGetTextDatum(CJ_JOB_CANCELED_ERROR);
	values[1] = CStringGetTextDatum(unpack_sql_state(ERRCODE_QUERY_CANCELED));
	values[2] = all ? (Datum) 0 : cj_store_id_array(ids, nids);
	cj_store_run(all ? &follow_all : &follow_ids, &values[2], NULL);
	cj_job_event_add_rows(&scope, cj_store_run(all ? &settle_all : &settle_ids,
											   values, NULL));
	left = cj_store_run(all ? &probe_all : &probe_ids, &values[2], NULL) > 0;
	cj_store_close(&scope);

	return !left;
}

/*
 * Is there no unfinished job?
 */
bool
cj_job_queue_is_empty(void)
{
	static CjStatement probe = {
		"SELECT FROM jobs.queue LIMIT 1", 0
	};
	CjStoreScope scope;
	bool		empty;

	cj_store_open(&scope, true);
	empty = cj_store_run(&probe, NULL, NULL) == 0;
	cj_store_close(&scope);

	return empty;
}

/*
 * Look what is in the queue.
 */
void
cj_job_queue_look(CjQueueLook *look)
{
	static CjStatement probe = {
		"SELECT EXISTS (SELECT FROM jobs.queue"
		"  WHERE NOT claimed AND next_run IS NULL AND blocked IS NULL),"
		" EXISTS (SELECT FROM jobs.queue WHERE blocked = 'exclusive' AND next_run IS NULL),"
		" EXISTS (SELECT FROM jobs.dependency),"
		" (SELECT ceil(extract(epoch FROM next_run - clock_timestamp()) * 1000)::bigint"
		"  FROM jobs.queue WHERE next_run IS NOT NULL ORDER BY next_run LIMIT 1)",
		0
	};
	CjStoreScope scope;
	bool		isnull;
	int64		delay;

	cj_store_open(&scope, true);
	cj_store_run(&probe, NULL, NULL);
	look->ready = DatumGetBool(cj_store_value(0, 1, &isnull));
	look->exclusive = DatumGetBool(cj_store_value(0, 2, &isnull));
	look->dependency = DatumGetBool(cj_store_value(0, 3, &isnull));
	delay = DatumGetInt64(cj_store_value(0, 4, &isnull));
	look->next_run = isnull ? -1 : (long) Max(delay, 0);
	cj_store_close(&scope);
}

/*
 * The time has come that jobs waited for.
 */
void
cj_job_queue_ripen(void)
{
	static CjStatement update = {
		"UPDATE jobs.queue SET next_run = NULL WHERE next_run <= clock_timestamp()",
		0
	};
	CjStoreScope scope;

	cj_store_open(&scope, true);
	cj_store_run(&update, NULL, NULL);
	cj_store_close(&scope);
}

/*
 * Give each exclusive key that nobody has to the first job that waits for it.
 */
void
cj_job_queue_admit_exclusive(void)
{
	static CjStatement admit = {
		"WITH RECURSIVE keys (owner, exclusive_key) AS ("
		" (SELECT owner, exclusive_key FROM jobs.queue"
		"  WHERE blocked = 'exclusive' AND next_run IS NULL"
		"  ORDER BY owner, exclusive_key LIMIT 1)"
		" UNION ALL"
		" SELECT n.owner, n.exclusive_key FROM keys k, LATERAL ("
		"  SELECT q.owner, q.exclusive_key FROM jobs.queue q"
		"  WHERE blocked = 'exclusive' AND next_run IS NULL"
		"   AND (q.owner, q.exclusive_key) > (k.owner, k.exclusive_key)"
		"  ORDER BY q.owner, q.exclusive_key LIMIT 1) n)"
		" UPDATE jobs.queue SET blocked = NULL WHERE job_id IN ("
		"  SELECT f.job_id FROM keys k, LATERAL ("
		"   SELECT q.job_id FROM jobs.queue q"
		"   WHERE blocked = 'exclusive' AND next_run IS NULL"
		"    AND q.owner = k.owner AND q.exclusive_key = k.exclusive_key"
		"   ORDER BY q.priority DESC, q.job_id LIMIT 1) f"
		"  WHERE NOT EXISTS (SELECT FROM jobs.queue h"
		"   WHERE h.owner = k.owner AND h.exclusive_key = k.exclusive_key"
		"    AND h.next_run IS NULL AND h.blocked IS NULL)"
		/* a job that runs keeps its row as it is when it changes hands */
		"   AND NOT EXISTS (SELECT FROM jobs.queue h JOIN jobs.job j ON j.job_id = h.job_id"
		"    WHERE h.claimed AND h.exclusive_key = k.exclusive_key AND j.owner::oid = k.owner))",
		0
	};
	CjStoreScope scope;

	cj_store_open(&scope, true);
	cj_store_run(&admit, NULL, NULL);
	cj_store_close(&scope);
}

/*
 * The end of a statement that ends waiting jobs, those that it calls "changed":
 * they wait for nothing any more, and their messages say why.
 */
#define FORGET_CHANGED \
	" unqueued AS (DELETE FROM jobs.queue q USING changed c WHERE q.job_id = c.job_id)," \
	" undepended AS (DELETE FROM jobs.dependency d USING changed c WHERE d.job_id = c.job_id)," \
	" logged AS (INSERT INTO jobs.message (job_id, kind, sqlstate, message)" \
	"  SELECT job_id, 'error', sqlstate, error FROM changed" \
	"  UNION ALL SELECT job_id, 'state', NULL, state FROM changed)" \
	" SELECT job_id, job_type, state, error FROM changed"

/*
 * Cancel the jobs that depend on one that did not succeed, unless they are to
 * run all the same.  Returns how many were canceled: others may depend on them.
 */
static uint64
cancel_dependents(void)
{
	static CjStatement cancel = {
		ENDED_PARENTS ","
		" doomed AS ("
		" SELECT DISTINCT ON (d.job_id) d.job_id, d.depends_on, e.state"
		" FROM ended e JOIN jobs.dependency d ON d.depends_on = e.job_id"
		" WHERE e.state IS DISTINCT FROM 'succeeded' ORDER BY d.job_id, d.depends_on),"
		" target AS ("
		" SELECT j.job_id, d.depends_on, d.state FROM doomed d"
		"  JOIN jobs.job j ON j.job_id = d.job_id JOIN jobs.queue q ON q.job_id = d.job_id"
		" WHERE NOT q.claimed AND j.state IN ('pending', 'running')"
		"  AND j.on_dependency_failure = 'cancel' FOR NO KEY UPDATE OF j SKIP LOCKED),"
		" changed AS ("
		" UPDATE jobs.job j SET state = $1, outcome = 'canceled',"
		"  error = format('job %s, on which this job depends, %s', t.depends_on,"
		"   coalesce('is ' || t.state, 'does not exist')),"
		"  sqlstate = $2, finished = clock_timestamp(), modified = clock_timestamp()"
		" FROM target t WHERE j.job_id = t.job_id"
		" RETURNING j.job_id, j.job_type, j.state, j.error, j.sqlstate),"
		FORGET_CHANGED,
		2, {TEXTOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[2];
	uint64		nrows;

	cj_job_state_check(CJ_JOB_PENDING, CJ_JOB_CANCELED);
	cj_job_state_check(CJ_JOB_RUNNING, CJ_JOB_CANCELED);

	cj_store_open(&scope, true);
	values[0] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_CANCELED));
	values[1] = CStringGetTextDatum(unpack_sql_state(ERRCODE_QUERY_CANCELED));
	nrows = cj_store_run(&cancel, values, NULL);
	cj_job_event_add_rows(&scope, nrows);
	cj_store_close(&scope);

	return nrows;
}

/*
 * Let go of the jobs whose dependencies are finished: canceled if one of them
 * did not succeed, ready otherwise.
 */
void
cj_job_queue_resolve_dependencies(void)
{
	static CjStatement resolve = {
		ENDED_PARENTS ","
		" resolved AS ("
		" DELETE FROM jobs.dependency d USING ended e, jobs.job j"
		" WHERE d.depends_on = e.job_id AND j.job_id = d.job_id"
		"  AND (e.state = 'succeeded' OR j.on_dependency_failure = 'run')"
		" RETURNING d.job_id)"
		" SELECT coalesce(array_agg(DISTINCT job_id), '{}') FROM resolved",
		0
	};
	static CjStatement release = {
		"UPDATE jobs.queue q SET"
		"  blocked = CASE WHEN exclusive_key IS NOT NULL THEN 'exclusive' END"
		" WHERE blocked = 'dependency' AND job_id = ANY ($1)"
		"  AND NOT EXISTS (SELECT FROM jobs.dependency d WHERE d.job_id = q.job_id)",
		1, {INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		resolved;
	bool		isnull;

	while (cancel_dependents() > 0)
		CHECK_FOR_INTERRUPTS();

	cj_store_open(&scope, true);
	cj_store_run(&resolve, NULL, NULL);
	resolved = cj_store_value(0, 1, &isnull);
	cj_store_run(&release, &resolved, NULL);
	cj_store_close(&scope);
}

/*
 * End waiting jobs as "to", because of an error that the server log tells of,
 * too; see END_JOBS.
 */
static void
end_jobs(CjStatement *statement, CjJobState to, int sqlerrcode, Datum argument)
{
	CjStoreScope scope;
	Datum		values[3];
	uint64		nrows;

	cj_job_state_check(CJ_JOB_PENDING, to);
	cj_job_state_check(CJ_JOB_RUNNING, to);

	cj_store_open(&scope, true);
	values[0] = CStringGetTextDatum(cj_job_state_name(to));
	values[1] = CStringGetTextDatum(unpack_sql_state(sqlerrcode));
	values[2] = argument;
	nrows = cj_store_run(statement, values, NULL);
	cj_job_event_add_rows(&scope, nrows);
	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;
		int64		id = DatumGetInt64(cj_store_value(row, 1, &isnull));

		ereport(LOG,
				(errmsg("job %lld %s: %s", (long long) id,
						cj_store_text(&scope, row, 3), cj_store_text(&scope, row, 4))));
	}
	cj_store_close(&scope);
}

/* $1 and $2: the state, canceled or failed, and the SQLSTATE. */
#define END_JOBS(message, condition) \
	"WITH target AS (" \
	" SELECT j.job_id FROM jobs.queue q JOIN jobs.job j ON j.job_id = q.job_id" \
	" WHERE NOT q.claimed AND " condition " FOR NO KEY UPDATE OF j SKIP LOCKED)," \
	" changed AS (" \
	" UPDATE jobs.job j SET" \
	"  state = $1, outcome = $1, error = " message ", sqlstate = $2," \
	"  finished = clock_timestamp(), modified = clock_timestamp()" \
	" FROM target t WHERE j.job_id = t.job_id" \
	" RETURNING j.job_id, j.job_type, j.state, j.error, j.sqlstate)," \
	FORGET_CHANGED

/*
 * Fail the waiting jobs of owners as whom no worker can connect: dropped, or,
 * if "login_needed", not allowed to log in.
 *
 * A job that was started before may have something to undo, which only its type
 * knows: that one is left to a worker, which cannot connect.
 */
void
cj_job_queue_fail_ownerless(bool login_needed)
{
	static CjStatement fail = {
		END_JOBS("format(CASE WHEN EXISTS (SELECT FROM pg_roles WHERE oid = j.owner)"
				 " THEN 'role %s is not permitted to log in' ELSE 'role %s does not exist' END, j.owner)",
				 "j.state IN ('pending', 'running') AND j.started IS NULL"
				 " AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = j.owner"
				 "  AND (r.rolcanlogin OR NOT $3))"),
		3, {TEXTOID, TEXTOID, BOOLOID}
	};

	end_jobs(&fail, CJ_JOB_FAILED, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 BoolGetDatum(login_needed));
}

/*
 * Cancel the unfinished jobs of another database, of which this one is a copy:
 * they run there.  What a copy's sessions submit is its own.
 *
 * Returns false if some are left, since their rows are locked: call again.
 */
bool
cj_job_queue_cancel_copies(void)
{
	static CjStatement cancel = {
		END_JOBS("format('the job belongs to database %s, of which this one is a copy',"
				 " coalesce((SELECT quote_ident(datname) FROM pg_database d WHERE d.oid = j.database),"
				 "  j.database::text))",
				 "j.database <> $3"),
		3, {TEXTOID, TEXTOID, OIDOID}
	};
	static CjStatement probe = {
		"SELECT FROM jobs.queue q JOIN jobs.job j ON j.job_id = q.job_id"
		" WHERE j.database <> $1 LIMIT 1",
		1, {OIDOID}
	};

	CjStoreScope scope;
	Datum		database = ObjectIdGetDatum(MyDatabaseId);
	bool		left;

	end_jobs(&cancel, CJ_JOB_CANCELED, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			 database);
	cj_store_open(&scope, true);
	left = cj_store_run(&probe, &database, NULL) > 0;
	cj_store_close(&scope);

	return !left;
}
