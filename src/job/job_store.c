/*-------------------------------------------------------------------------
 *
 * job_store.c
 *	  Reading and writing single jobs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base_store.h"
#include "compat.h"
#include "job/job_error.h"
#include "job/job_event.h"
#include "job/job_progress_store.h"
#include "job/job_self.h"
#include "job/job_store.h"
#include "privilege/privilege_job.h"

/*
 * Datum and null flag of a text that may be NULL.
 */
static Datum
text_or_null(const char *text, char *nullflag)
{
	*nullflag = (text == NULL) ? 'n' : ' ';
	return (text == NULL) ? (Datum) 0 : CStringGetTextDatum(text);
}

/*
 * The column "outcome" of an outcome; NULL for none.
 */
static const char *
outcome_name(CjJobOutcome outcome)
{
	switch (outcome)
	{
		case CJ_OUTCOME_FAILED:
			return "failed";
		case CJ_OUTCOME_CANCELED:
			return "canceled";
		case CJ_OUTCOME_NONE:
			break;
	}
	return NULL;
}

/*
 * The reverse of outcome_name().
 */
static CjJobOutcome
outcome_parse(const char *name)
{
	if (name == NULL)
		return CJ_OUTCOME_NONE;
	return strcmp(name, "canceled") == 0 ? CJ_OUTCOME_CANCELED : CJ_OUTCOME_FAILED;
}

/*
 * Insert a pending job and return its id.  Part of the caller's transaction.
 */
int64
cj_job_store_insert(const CjJob *job, const CjJobPlan *plan, bool cancelable,
					bool automatic)
{
	static CjStatement insert = {
		"WITH new AS ("
		" INSERT INTO jobs.job (job_type, description, statement, owner, state,"
		"  arguments, cancelable, automatic, database, start_at, next_run, max_attempts, timeout,"
		"  priority, exclusive_key, depends_on, on_dependency_failure, created_by_type, created_by_id)"
		" VALUES ($1, $2, $3, $4::regrole, $5, $6, $7, $8, $9, $10, $10, $11, $12,"
		"  $13, $14, nullif($15, '{}'), $16, $17, $18) RETURNING *),"
		" queued AS ("
		" INSERT INTO jobs.queue (job_id, owner, job_type, priority, exclusive_key, next_run, blocked)"
		" SELECT job_id, owner, job_type, priority, exclusive_key, next_run,"
		"  CASE WHEN depends_on IS NOT NULL THEN 'dependency'"
		"   WHEN exclusive_key IS NOT NULL THEN 'exclusive' END FROM new),"
		" depended AS (INSERT INTO jobs.dependency (job_id, depends_on)"
		"  SELECT DISTINCT job_id, unnest(depends_on) FROM new)"
		"INSERT INTO jobs.message (job_id, kind, message)"
		" SELECT job_id, 'state', state FROM new RETURNING job_id",
		18, {TEXTOID, TEXTOID, TEXTOID, OIDOID, TEXTOID, JSONBOID, BOOLOID, BOOLOID,
		OIDOID, TIMESTAMPTZOID, INT4OID, INTERVALOID, INT4OID, TEXTOID, INT8ARRAYOID, TEXTOID, TEXTOID, INT8OID}
	};
	CjStoreScope scope;
	Datum		values[18];
	char		nulls[18];
	bool		isnull;
	int64		id;

	cj_store_open(&scope, false);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(job->type);
	values[1] = CStringGetTextDatum(job->description);
	values[2] = CStringGetTextDatum(job->statement);
	values[3] = ObjectIdGetDatum(job->owner);
	values[4] = CStringGetTextDatum(cj_job_state_name(CJ_JOB_PENDING));
	values[5] = JsonbPGetDatum(job->arguments);
	values[6] = BoolGetDatum(cancelable);
	values[7] = BoolGetDatum(automatic);
	values[8] = ObjectIdGetDatum(MyDatabaseId);
	values[9] = TimestampTzGetDatum(plan->start_at);
	nulls[9] = plan->start_at == 0 ? 'n' : ' ';
	values[10] = Int32GetDatum(plan->max_attempts);
	values[11] = IntervalPGetDatum(plan->timeout);
	nulls[11] = plan->timeout == NULL ? 'n' : ' ';
	values[12] = Int32GetDatum(plan->priority);
	values[13] = text_or_null(plan->exclusive_key, &nulls[13]);
	values[14] = cj_store_id_array(plan->depends_on, plan->ndepends_on);
	values[15] = CStringGetTextDatum(plan->run_after_failure ? "run" : "cancel");
	values[16] = text_or_null(job->created_by_type, &nulls[16]);
	values[17] = Int64GetDatum(job->created_by_id);
	nulls[17] = nulls[16];
	cj_store_run(&insert, values, nulls);
	id = DatumGetInt64(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return id;
}

/*
 * Look for the first of these jobs that does not exist, or that the role may
 * not see, and put its id into *missing; false if there is none.  The others are
 * not deleted before the transaction ends.
 */
bool
cj_job_store_find_missing(const int64 *ids, int nids, Oid roleid,
						  int64 *missing)
{
	static CjStatement find = {
		"SELECT id FROM unnest($1) WITH ORDINALITY AS i(id, n) WHERE NOT EXISTS ("
		" SELECT FROM jobs.job WHERE job_id = id AND ($3 OR pg_has_role($2, owner, 'USAGE')))"
		" ORDER BY n LIMIT 1",
		3, {INT8ARRAYOID, OIDOID, BOOLOID}
	};
	static CjStatement keep = {
		"SELECT FROM jobs.job WHERE job_id = ANY ($1) AND ($3 OR pg_has_role($2, owner, 'USAGE'))"
		" ORDER BY job_id FOR KEY SHARE",
		3, {INT8ARRAYOID, OIDOID, BOOLOID}
	};
	CjPrivileges privileges;
	CjStoreScope scope;
	Datum		values[3];
	bool		found;
	bool		isnull;

	cj_store_open(&scope, false);
	values[0] = cj_store_id_array(ids, nids);
	values[1] = ObjectIdGetDatum(roleid);
	cj_privilege_begin(&privileges, roleid);
	values[2] = BoolGetDatum(cj_privilege_may_see_all(&privileges));
	cj_store_run(&keep, values, NULL);
	found = cj_store_run(&find, values, NULL) > 0;
	if (found)
		*missing = DatumGetInt64(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return found;
}

/*
 * An unfinished job of this owner with this exclusive key; 0 if there is none.
 */
int64
cj_job_store_find_exclusive(Oid owner, const char *key)
{
	static CjStatement find = {
		"SELECT job_id FROM jobs.queue WHERE owner = $1 AND exclusive_key = $2"
		" ORDER BY job_id LIMIT 1",
		2, {OIDOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[2];
	bool		isnull;
	int64		found = 0;

	cj_store_open(&scope, false);
	values[0] = ObjectIdGetDatum(owner);
	values[1] = CStringGetTextDatum(key);
	if (cj_store_run(&find, values, NULL) > 0)
		found = DatumGetInt64(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return found;
}

/*
 * A jsonb column of the last result in the caller's memory context; NULL for
 * null.
 */
static Jsonb *
jsonb_column(CjStoreScope *scope, int column)
{
	bool		isnull;
	Datum		value = cj_store_value(0, column, &isnull);
	MemoryContext old;
	Jsonb	   *jsonb;

	if (isnull)
		return NULL;
	old = MemoryContextSwitchTo(scope->caller_context);
	jsonb = DatumGetJsonbPCopy(value);
	MemoryContextSwitchTo(old);
	return jsonb;
}

/*
 * The job "id" if the claim "generation" still holds, else NULL.  The row
 * stays locked against requests until the end of the transaction only if the
 * caller changes it.
 */
CjJob *
cj_job_store_read_claimed(int64 id, uint64 generation)
{
	static CjStatement read = {
		"SELECT job_type, description, statement, owner::oid, state, outcome,"
		" arguments, checkpoint, revert_runs, attempts, max_attempts,"
		" CASE WHEN timeout IS NOT NULL THEN least(ceil(extract(epoch FROM timeout) * 1000), 9e15)::bigint ELSE 0 END"
		" FROM jobs.job WHERE job_id = $1 AND claim_generation = $2",
		2, {INT8OID, INT8OID}
	};
	CjStoreScope scope;
	Datum		values[2];
	bool		isnull;
	CjJob	   *job = NULL;

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum((int64) generation);
	if (cj_store_run(&read, values, NULL) == 1)
	{
		job = MemoryContextAllocZero(scope.caller_context, sizeof(CjJob));
		job->id = id;
		job->generation = generation;
		job->type = cj_store_text(&scope, 0, 1);
		job->description = cj_store_text(&scope, 0, 2);
		job->statement = cj_store_text(&scope, 0, 3);
		job->owner = DatumGetObjectId(cj_store_value(0, 4, &isnull));
		job->state = cj_job_state_parse(cj_store_text(&scope, 0, 5));
		job->outcome = outcome_parse(cj_store_text(&scope, 0, 6));
		job->arguments = jsonb_column(&scope, 7);
		job->checkpoint = jsonb_column(&scope, 8);
		job->revert_runs = DatumGetInt32(cj_store_value(0, 9, &isnull));
		job->attempts = DatumGetInt32(cj_store_value(0, 10, &isnull));
		job->max_attempts = DatumGetInt32(cj_store_value(0, 11, &isnull));
		job->timeout = DatumGetInt64(cj_store_value(0, 12, &isnull));
		job->result_rows = -1;
	}
	cj_store_close(&scope);

	return job;
}

/*
 * Write the message about a request that a worker is about to carry out, with
 * the time at which it was made.
 */
static void
log_request(const CjJob *job)
{
	static CjStatement insert = {
		"WITH target AS ("
		" SELECT job_id, modified, state FROM jobs.job"
		" WHERE job_id = $1 AND claim_generation = $2 AND state = $3 FOR NO KEY UPDATE)"
		"INSERT INTO jobs.message (job_id, kind, recorded, message)"
		" SELECT job_id, 'state', modified, state FROM target",
		3, {INT8OID, INT8OID, TEXTOID}
	};
	Datum		values[3];

	values[0] = Int64GetDatum(job->id);
	values[1] = Int64GetDatum((int64) job->generation);
	values[2] = CStringGetTextDatum(cj_job_state_name(job->state));
	cj_store_run(&insert, values, NULL);
}

/* $1 to $16, see cj_job_store_change(); "queue" is what becomes of its row there. */
#define CHANGE_JOB(queue) \
	"WITH changed AS (" \
	" UPDATE jobs.job SET state = $4," \
	"  outcome = CASE WHEN $4 <> 'succeeded' THEN coalesce($5, outcome) END," \
	"  error = CASE WHEN $4 <> 'succeeded' THEN coalesce($6 ||" \
	"   CASE WHEN $3 = 'cancel-requested' THEN " CJ_JOB_SQL_WITH_REASON " ELSE '' END, error) END," \
	"  sqlstate = CASE WHEN $4 <> 'succeeded' THEN coalesce($7, sqlstate) END," \
	"  revert_error = coalesce($8, revert_error)," \
	"  revert_runs = revert_runs + ($8 IS NOT NULL)::integer," \
	"  next_run = CASE WHEN $9 >= 0 THEN clock_timestamp() + $9 * interval '1 millisecond' END," \
	"  claim_server = CASE WHEN $10 THEN claim_server END," \
	"  claim_generation = CASE WHEN $10 THEN claim_generation END," \
	"  finished = CASE WHEN $11 THEN clock_timestamp() END," \
	"  fraction = coalesce($12, fraction), status = coalesce($15, status)," \
	"  result_tag = coalesce($13, result_tag)," \
	"  result_rows = CASE WHEN $13 IS NULL THEN result_rows ELSE nullif($14, -1) END," \
	"  attempts = attempts + $16::integer," \
	"  modified = clock_timestamp()" \
	" WHERE job_id = $1 AND claim_generation = $2 AND state = $3" \
	" RETURNING job_id, job_type, owner::oid, state, next_run)" queue \
	", logged AS (INSERT INTO jobs.message (job_id, kind, message)" \
	" SELECT job_id, 'state', state FROM changed" \
	" WHERE state <> $3 AND state NOT IN ('cancel-requested', 'pause-requested'))" \
	" SELECT job_id, job_type, state FROM changed"

/*
 * Note a change that has been written.
 */
static void
note_change(const CjJob *job, const CjJobChange *change)
{
	CjJobEvent	event = {
		.job_id = job->id,
		.job_type = job->type,
		.state = change->to,
		.retried = change->to == job->state,
		.seconds = cj_job_self_take_seconds(job->id)
	};

	cj_job_event_add(&event);
}

/*
 * Change the state of a job that a worker has, if it is still in job->state
 * and the claim still holds; returns whether it was.  Writes a message about
 * the change, and with a last state the job's result; one about a request is
 * written when it is carried out.
 *
 * Waits for a transaction that is making a request for this job.
 */
bool
cj_job_store_change(const CjJob *job, const CjJobChange *change)
{
#define CHANGE_ARGS \
	16, {INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, \
		TEXTOID, INT8OID, BOOLOID, BOOLOID, FLOAT8OID, TEXTOID, INT8OID, TEXTOID, BOOLOID}
	static CjStatement keep = {CHANGE_JOB(""), CHANGE_ARGS};
	static CjStatement finish = {
		CHANGE_JOB(", unqueued AS (DELETE FROM jobs.queue q USING changed c"
				   " WHERE q.job_id = c.job_id)"),
		CHANGE_ARGS
	};
	static CjStatement give_back = {
		CHANGE_JOB(", queued AS (UPDATE jobs.queue q SET claimed = false, owner = c.owner,"
				   "  next_run = c.next_run, blocked = CASE WHEN c.state = 'paused' THEN 'paused'"
				   "   WHEN exclusive_key IS NOT NULL THEN 'exclusive' END"
				   " FROM changed c WHERE q.job_id = c.job_id)"),
		CHANGE_ARGS
	};
	CjStoreScope scope;
	CjStatement *update;
	Datum		values[16];
	char		nulls[16];
	uint64		changed;

	cj_job_state_check(job->state, change->to);
	update = cj_job_state_is_terminal(change->to) ? &finish :
		change->keep_claim ? &keep : &give_back;

	cj_store_open(&scope, true);
	if (cj_job_state_is_request(job->state))
		log_request(job);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(job->id);
	values[1] = Int64GetDatum((int64) job->generation);
	values[2] = CStringGetTextDatum(cj_job_state_name(job->state));
	values[3] = CStringGetTextDatum(cj_job_state_name(change->to));
	values[4] = text_or_null(outcome_name(change->outcome), &nulls[4]);
	values[5] = text_or_null(change->error, &nulls[5]);
	values[6] = text_or_null(change->sqlstate, &nulls[6]);
	values[7] = text_or_null(change->revert_error, &nulls[7]);
	values[8] = Int64GetDatum(change->retry ? change->retry_delay : -1);
	values[9] = BoolGetDatum(change->keep_claim);
	values[10] = BoolGetDatum(cj_job_state_is_terminal(change->to));
	values[11] = Float8GetDatum(change->fraction);
	nulls[11] = change->has_fraction ? ' ' : 'n';
	values[12] = text_or_null(change->to == CJ_JOB_SUCCEEDED ? job->result_tag : NULL,
							  &nulls[12]);
	values[13] = Int64GetDatum(job->result_rows);
	values[14] = text_or_null(change->status, &nulls[14]);
	values[15] = BoolGetDatum(change->attempt_failed);
	changed = cj_store_run(update, values, nulls);
	cj_store_close(&scope);

	if (changed > 0 && change->has_reported)
		cj_job_progress_record(job->id, change->fraction);
	if (changed > 0)
		note_change(job, change);
	return changed > 0;
}

/*
 * Write job->checkpoint, NULL if there is none, so that the next run of the job
 * goes on from it.  Raises query_canceled if a request or the loss of the claim
 * means that this run must stop.
 */
void
cj_job_store_checkpoint(const CjJob *job)
{
	static CjStatement update = {
		"UPDATE jobs.job SET checkpoint = $3, modified = clock_timestamp()"
		" WHERE job_id = $1 AND claim_generation = $2"
		" AND state = $4",
		4, {INT8OID, INT8OID, JSONBOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[4];
	char		nulls[4];
	uint64		changed;

	cj_store_open(&scope, true);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(job->id);
	values[1] = Int64GetDatum((int64) job->generation);
	values[2] = PointerGetDatum(job->checkpoint);
	nulls[2] = job->checkpoint == NULL ? 'n' : ' ';
	values[3] = CStringGetTextDatum(cj_job_state_name(job->state));
	changed = cj_store_run(&update, values, nulls);
	cj_store_close(&scope);

	if (changed == 0)
		cj_job_error_stopped();
}
