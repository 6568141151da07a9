/*-------------------------------------------------------------------------
 *
 * schedule_store.c
 *	  Reading and writing schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_store.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/base_clock.h"
#include "base/base_store.h"
#include "privilege/privilege_schedule.h"
#include "schedule/schedule_option.h"
#include "schedule/schedule_store.h"

/* Does a schedule belong to another database?  $1: this one. */
#define IS_COPY \
	"(s.database <> $1 OR s.installation <> (SELECT i.installation FROM jobs.installation i))"

/*
 * What read_schedules() reads.  The coordinator reads many schedules at a time, and
 * what they do, which can be long, one by one.
 */
#define SCHEDULE_COLUMNS \
	" s.schedule_id, s.label, s.owner::oid, EXISTS (SELECT FROM pg_roles r WHERE r.oid = s.owner)," \
	" s.executor_type, s.recurrence, s.timezone, s.once," \
	" coalesce(s.next_run, 'infinity'), coalesce(s.due, 'infinity'), s.state," \
	" s.on_previous_running, s.max_running, s.on_execution_failure, " IS_COPY "," \
	" (SELECT count(*) FROM jobs.schedule_run r JOIN jobs.queue q ON q.job_id = r.job_id" \
	"  WHERE r.schedule_id = s.schedule_id AND r.outcome IS NULL)," \
	" s.command ? 'backup_type'," \
	" coalesce((s.command ->> 'dependent_schedule_id')::bigint, 0)," \
	" coalesce((s.command ->> 'unpause_on_success')::bigint, 0)," \
	" s.command ? 'updates_last_backup_metric', s.held, coalesce(s.following, 'infinity')"
#define N_SCHEDULE_COLUMNS 22

/* What read_work() reads. */
#define WORK_COLUMNS " s.command, s.statement"

/*
 * Read what a schedule does, from WORK_COLUMNS from this one on, into the caller's
 * memory context.
 */
static void
read_work(CjStoreScope *scope, uint64 row, int column, CjSchedule *schedule)
{
	bool		isnull;
	MemoryContext old = MemoryContextSwitchTo(scope->caller_context);

	schedule->command = DatumGetJsonbPCopy(cj_store_value(row, column, &isnull));
	MemoryContextSwitchTo(old);
	schedule->statement = cj_store_text(scope, row, column + 1);
}

/*
 * Read a row of SCHEDULE_COLUMNS into the caller's memory context.
 */
static void
read_schedule(CjStoreScope *scope, uint64 row, CjSchedule *schedule)
{
	bool		isnull;

	schedule->id = DatumGetInt64(cj_store_value(row, 1, &isnull));
	schedule->label = cj_store_text(scope, row, 2);
	schedule->owner = DatumGetObjectId(cj_store_value(row, 3, &isnull));
	schedule->owner_exists = DatumGetBool(cj_store_value(row, 4, &isnull));
	schedule->executor_type = cj_store_text(scope, row, 5);
	schedule->recurrence = cj_store_text(scope, row, 6);
	schedule->timezone = cj_store_text(scope, row, 7);
	schedule->once = DatumGetBool(cj_store_value(row, 8, &isnull));
	schedule->next_run = DatumGetTimestampTz(cj_store_value(row, 9, &isnull));
	schedule->due = DatumGetTimestampTz(cj_store_value(row, 10, &isnull));
	schedule->state = cj_store_text(scope, row, 11);
	schedule->overlap = cj_schedule_overlap_parse(cj_store_text(scope, row, 12));
	schedule->max_running = DatumGetInt32(cj_store_value(row, 13, &isnull));
	schedule->failure = cj_schedule_failure_parse(cj_store_text(scope, row, 14));
	schedule->is_copy = DatumGetBool(cj_store_value(row, 15, &isnull));
	schedule->unfinished = (int) DatumGetInt64(cj_store_value(row, 16, &isnull));
	schedule->incremental = DatumGetBool(cj_store_value(row, 17, &isnull));
	schedule->companion = DatumGetInt64(cj_store_value(row, 18, &isnull));
	schedule->unpauses = DatumGetInt64(cj_store_value(row, 19, &isnull));
	schedule->updates_metric = DatumGetBool(cj_store_value(row, 20, &isnull));
	schedule->held = DatumGetBool(cj_store_value(row, 21, &isnull));
	schedule->following = DatumGetTimestampTz(cj_store_value(row, N_SCHEDULE_COLUMNS, &isnull));
}

/*
 * Run a query for SCHEDULE_COLUMNS and read its rows; returns their number.
 */
static int
read_schedules(CjStoreScope *scope, CjStatement *query, Datum *values,
			   CjSchedule **schedules)
{
	uint64		nrows = cj_store_run(query, values, NULL);

	*schedules = MemoryContextAllocExtended(scope->caller_context,
											(nrows + 1) * sizeof(CjSchedule),
											MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint64 row = 0; row < nrows; row++)
		read_schedule(scope, row, &(*schedules)[row]);
	return (int) nrows;
}

/*
 * Read what a schedule does, into the caller's memory context.
 */
void
cj_schedule_store_read_work(CjSchedule *schedule)
{
	static CjStatement read = {
		"SELECT" WORK_COLUMNS " FROM jobs.schedule s WHERE s.schedule_id = $1",
		1, {INT8OID}
	};
	CjStoreScope scope;
	Datum		value = Int64GetDatum(schedule->id);

	cj_store_open(&scope, true);
	cj_store_run(&read, &value, NULL);
	read_work(&scope, 0, 1, schedule);
	cj_store_close(&scope);
}

/*
 * Look what there is to do: a few probes of indexes, however many schedules
 * there are.
 */
void
cj_schedule_store_look(TimestampTz now, CjScheduleLook *look)
{
	static CjStatement probe = {
		"SELECT coalesce(f.next_run, 'infinity'), coalesce(f.is_copy, false),"
		" coalesce((SELECT planned FROM jobs.schedule WHERE next_run IS NOT NULL"
		"  ORDER BY planned DESC LIMIT 1) > $2, false),"
		" EXISTS (SELECT FROM jobs.schedule_run WHERE outcome IS NULL)"
		" FROM (SELECT) o LEFT JOIN (SELECT s.next_run, " IS_COPY " AS is_copy FROM jobs.schedule s"
		"  WHERE s.next_run IS NOT NULL ORDER BY s.next_run, s.schedule_id LIMIT 1) f ON true",
		2, {OIDOID, TIMESTAMPTZOID}
	};
	CjStoreScope scope;
	Datum		values[2];
	bool		isnull;

	cj_store_open(&scope, true);
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = TimestampTzGetDatum(now + CJ_CLOCK_TOLERANCE);
	cj_store_run(&probe, values, NULL);
	look->next_run = DatumGetTimestampTz(cj_store_value(0, 1, &isnull));
	look->is_copy = DatumGetBool(cj_store_value(0, 2, &isnull));
	look->from_future = DatumGetBool(cj_store_value(0, 3, &isnull));
	look->unfinished = DatumGetBool(cj_store_value(0, 4, &isnull));
	cj_store_close(&scope);
}

/*
 * Insert a schedule and return its id.  Part of the caller's transaction.
 */
int64
cj_schedule_store_insert(const CjSchedule *schedule, TimestampTz now)
{
	static CjStatement insert = {
		"INSERT INTO jobs.schedule (label, owner, executor_type, recurrence, timezone, once,"
		"  next_run, planned, state, on_previous_running, max_running, on_execution_failure,"
		"  command, statement, created, database, installation)"
		" SELECT $2, $3::regrole, $4, $5, nullif($6, ''), $7, nullif($8, 'infinity'), $9, $10, $11, $12,"
		"  $13, $14, $15, $9, $1, i.installation FROM jobs.installation i RETURNING schedule_id",
		15, {OIDOID, TEXTOID, OIDOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, TIMESTAMPTZOID,
		TIMESTAMPTZOID, TEXTOID, TEXTOID, INT4OID, TEXTOID, JSONBOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[15];
	bool		isnull;
	int64		id;

	cj_store_open(&scope, false);
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = CStringGetTextDatum(schedule->label);
	values[2] = ObjectIdGetDatum(schedule->owner);
	values[3] = CStringGetTextDatum(schedule->executor_type);
	values[4] = CStringGetTextDatum(schedule->recurrence);
	values[5] = CStringGetTextDatum(schedule->timezone != NULL ? schedule->timezone : "");
	values[6] = BoolGetDatum(schedule->once);
	values[7] = TimestampTzGetDatum(schedule->next_run);
	values[8] = TimestampTzGetDatum(now);
	values[9] = CStringGetTextDatum(schedule->state);
	values[10] = CStringGetTextDatum(cj_schedule_overlap_name(schedule->overlap));
	values[11] = Int32GetDatum(schedule->max_running);
	values[12] = CStringGetTextDatum(cj_schedule_failure_name(schedule->failure));
	values[13] = JsonbPGetDatum(schedule->command);
	values[14] = CStringGetTextDatum(schedule->statement);
	cj_store_run(&insert, values, NULL);
	id = DatumGetInt64(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return id;
}

/*
 * Is there a schedule with this label, by what has been committed by now?
 */
bool
cj_schedule_store_has_label(const char *label)
{
	static CjStatement find = {
		"SELECT FROM jobs.schedule WHERE reverse(label) = reverse($1) LIMIT 1",
		1, {TEXTOID}
	};
	CjStoreScope scope;
	Datum		value;
	bool		found;

	cj_store_open(&scope, false);
	value = CStringGetTextDatum(label);
	found = cj_store_run_latest(&find, &value) > 0;
	cj_store_close(&scope);

	return found;
}

/*
 * Run a query, with its limit, that locks schedules by a time, and read them; returns
 * their number.
 */
static int
lock_by_time(CjStatement *query, TimestampTz time, int limit, CjSchedule **schedules)
{
	CjStoreScope scope;
	Datum		values[3];
	int			nschedules;

	cj_store_open(&scope, true);
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = TimestampTzGetDatum(time);
	values[2] = Int32GetDatum(limit);
	nschedules = read_schedules(&scope, query, values, schedules);
	cj_store_close(&scope);

	return nschedules;
}

/*
 * Lock the schedules that are due, the first ones in the order of their time,
 * and read them, but not what they do; returns their number.  Those that somebody has
 * locked are left out.
 */
int
cj_schedule_store_due(TimestampTz now, int limit, CjSchedule **schedules)
{
	static CjStatement find = {
		"SELECT" SCHEDULE_COLUMNS " FROM jobs.schedule s"
		" WHERE s.next_run <= $2 AND NOT " IS_COPY
		" ORDER BY s.next_run, s.schedule_id LIMIT $3 FOR NO KEY UPDATE OF s SKIP LOCKED",
		3, {OIDOID, TIMESTAMPTZOID, INT4OID}
	};

	return lock_by_time(&find, now, limit, schedules);
}

/*
 * As cj_schedule_store_due(), for those that were planned at a time that is to
 * come.
 */
int
cj_schedule_store_from_future(TimestampTz now, int limit, CjSchedule **schedules)
{
	static CjStatement find = {
		"SELECT" SCHEDULE_COLUMNS " FROM jobs.schedule s"
		" WHERE s.next_run IS NOT NULL AND s.planned > $2"
		" ORDER BY s.planned DESC LIMIT $3 FOR NO KEY UPDATE OF s SKIP LOCKED",
		3, {OIDOID, TIMESTAMPTZOID, INT4OID}
	};

	return lock_by_time(&find, now + CJ_CLOCK_TOLERANCE, limit, schedules);
}

/*
 * Lock the schedules with these ids that the role may control, and read them, in
 * the order of the ids, which every statement keeps to: two of them cannot
 * deadlock.  For that the companion of each is locked and read, too, and what they
 * do.  Returns their number.
 */
int
cj_schedule_store_lock(const int64 *ids, int nids, CjPrivileges *privileges,
					   CjSchedule **schedules)
{
	static CjStatement lock = {
		"SELECT" SCHEDULE_COLUMNS "," WORK_COLUMNS " FROM jobs.schedule s"
		" WHERE s.schedule_id = ANY (ARRAY(SELECT unnest($2) UNION"
		"   SELECT (c.command ->> 'dependent_schedule_id')::bigint FROM jobs.schedule c"
		"   WHERE c.schedule_id = ANY ($2) AND c.command ? 'dependent_schedule_id'))"
		"  AND (pg_has_role($3, s.owner, 'USAGE') OR ($4 AND NOT s.held))"
		" ORDER BY s.schedule_id FOR UPDATE OF s",
		4, {OIDOID, INT8ARRAYOID, OIDOID, BOOLOID}
	};
	CjStoreScope scope;
	bool		repair = cj_privilege_has_repaircluster(privileges);
	Datum		values[4];
	int			nschedules;

	cj_store_open(&scope, false);
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = cj_store_id_array(ids, nids);
	values[2] = ObjectIdGetDatum(privileges->roleid);
	values[3] = BoolGetDatum(repair);
	nschedules = read_schedules(&scope, &lock, values, schedules);
	for (int i = 0; i < nschedules; i++)
		read_work(&scope, i, N_SCHEDULE_COLUMNS + 1, &(*schedules)[i]);
	cj_store_close(&scope);

	return nschedules;
}

/*
 * Lock a schedule and read it, but not what it does; NULL if it does not exist, or somebody has locked
 * it.
 */
CjSchedule *
cj_schedule_store_lock_free(int64 id, bool *exists)
{
	static CjStatement lock = {
		"SELECT" SCHEDULE_COLUMNS " FROM jobs.schedule s"
		" WHERE s.schedule_id = $2 FOR NO KEY UPDATE OF s SKIP LOCKED",
		2, {OIDOID, INT8OID}
	};
	CjStoreScope scope;
	CjSchedule *schedule;
	Datum		values[2];
	Oid			owner;
	bool		held;

	cj_store_open(&scope, true);
	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = Int64GetDatum(id);
	*exists = read_schedules(&scope, &lock, values, &schedule) > 0;
	cj_store_close(&scope);
	if (*exists)
		return schedule;
	*exists = cj_schedule_store_owner(id, &owner, &held);
	return NULL;
}

/*
 * Read who owns a schedule, and whether it is held; returns whether there is one
 * with this id.
 */
bool
cj_schedule_store_owner(int64 id, Oid *owner, bool *held)
{
	static CjStatement read = {
		"SELECT owner::oid, held FROM jobs.schedule WHERE schedule_id = $1",
		1, {INT8OID}
	};
	CjStoreScope scope;
	Datum		value = Int64GetDatum(id);
	bool		isnull;
	bool		found;

	cj_store_open(&scope, true);
	found = cj_store_run(&read, &value, NULL) > 0;
	if (found)
	{
		*owner = DatumGetObjectId(cj_store_value(0, 1, &isnull));
		*held = DatumGetBool(cj_store_value(0, 2, &isnull));
	}
	cj_store_close(&scope);

	return found;
}

/*
 * Write when a schedule is due next, and what there is to say.
 */
void
cj_schedule_store_plan(int64 id, TimestampTz next_run, const char *state,
					   TimestampTz now)
{
	cj_schedule_store_put_off(id, next_run, CJ_NO_TIME, CJ_NO_TIME, state, now);
}

/*
 * As cj_schedule_store_plan(), if that is not a time of its recurrence but another
 * one for what was due before; "following" is the next one of these.
 */
void
cj_schedule_store_put_off(int64 id, TimestampTz next_run, TimestampTz due,
						  TimestampTz following, const char *state,
						  TimestampTz now)
{
	static CjStatement update = {
		"UPDATE jobs.schedule SET next_run = nullif($2, 'infinity'), due = nullif($3, 'infinity'),"
		" following = nullif($4, 'infinity'), planned = $5, state = $6 WHERE schedule_id = $1",
		6, {INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}
	};
	CjStoreScope scope;
	Datum		values[6];

	cj_store_open(&scope, true);
	values[0] = Int64GetDatum(id);
	values[1] = TimestampTzGetDatum(next_run);
	values[2] = TimestampTzGetDatum(due);
	values[3] = TimestampTzGetDatum(following);
	values[4] = TimestampTzGetDatum(now);
	values[5] = CStringGetTextDatum(state);
	cj_store_run(&update, values, NULL);
	cj_store_close(&scope);
}

/*
 * Let a schedule, and its companion if it has one (else 0), belong to this database,
 * and be held no longer.
 */
void
cj_schedule_store_adopt(int64 id, int64 companion)
{
	static CjStatement update = {
		"UPDATE jobs.schedule SET database = $3, held = false,"
		" installation = (SELECT installation FROM jobs.installation)"
		" WHERE schedule_id = ANY (ARRAY[$1, $2])",
		3, {INT8OID, INT8OID, OIDOID}
	};
	CjStoreScope scope;
	Datum		values[3];

	cj_store_open(&scope, false);
	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum(companion);
	values[2] = ObjectIdGetDatum(MyDatabaseId);
	cj_store_run(&update, values, NULL);
	cj_store_close(&scope);
}

/*
 * The role that owned a schedule is no more: where a dump is restored, its
 * number may be another role's.
 */
void
cj_schedule_store_disown(int64 id)
{
	static CjStatement update = {
		"UPDATE jobs.schedule SET owner = 0::regrole WHERE schedule_id = $1",
		1, {INT8OID}
	};
	CjStoreScope scope;
	Datum		value = Int64GetDatum(id);

	cj_store_open(&scope, true);
	cj_store_run(&update, &value, NULL);
	cj_store_close(&scope);
}

/*
 * Delete schedules; returns how many there were.
 */
uint64
cj_schedule_store_delete(const int64 *ids, int nids)
{
	static CjStatement delete = {
		"DELETE FROM jobs.schedule WHERE schedule_id = ANY ($1)",
		1, {INT8ARRAYOID}
	};
	CjStoreScope scope;
	Datum		value;
	uint64		ndeleted;

	cj_store_open(&scope, false);
	value = cj_store_id_array(ids, nids);
	ndeleted = cj_store_run(&delete, &value, NULL);
	cj_store_close(&scope);

	return ndeleted;
}

/*
 * Pause the schedules that belong to another database, of which this one is a
 * copy: they run there.  Returns false if some are left, since their rows are
 * locked: call again.
 */
bool
cj_schedule_store_pause_copies(void)
{
	static CjStatement pause = {
		"UPDATE jobs.schedule SET next_run = NULL, due = NULL, state = jobs.copied_schedule_state(database)"
		" WHERE schedule_id = ANY (ARRAY(SELECT s.schedule_id FROM jobs.schedule s"
		"  WHERE s.next_run IS NOT NULL AND " IS_COPY " FOR NO KEY UPDATE SKIP LOCKED))",
		1, {OIDOID}
	};
	static CjStatement probe = {
		"SELECT FROM jobs.schedule s WHERE s.next_run IS NOT NULL AND " IS_COPY " LIMIT 1",
		1, {OIDOID}
	};
	CjStoreScope scope;
	Datum		database = ObjectIdGetDatum(MyDatabaseId);
	uint64		npaused;
	bool		left;

	cj_store_open(&scope, true);
	npaused = cj_store_run(&pause, &database, NULL);
	left = cj_store_run(&probe, &database, NULL) > 0;
	cj_store_close(&scope);

	if (npaused > 0)
		ereport(LOG,
				(errmsg("%llu schedules are paused, since they belong to a database of which this one is a copy",
						(unsigned long long) npaused),
				 errhint("RESUME SCHEDULES lets them run here.")));
	return !left;
}

/*
 * Make the schedules of one role another's; with "hold" they are paused, and
 * their state says why.  Part of the caller's transaction.  Returns how many
 * were paused.
 */
int64
cj_schedule_store_reassign(Oid from, Oid to, bool hold, const char *state,
						   TimestampTz now)
{
	static CjStatement reassign = {
		"WITH given AS MATERIALIZED ("
		" SELECT schedule_id, $3 AND next_run IS NOT NULL AS paused FROM jobs.schedule"
		" WHERE owner::oid = $1 ORDER BY schedule_id FOR NO KEY UPDATE),"
		" changed AS ("
		" UPDATE jobs.schedule s SET owner = $2::regrole, held = held OR $3,"
		"  next_run = CASE WHEN paused THEN NULL ELSE next_run END,"
		"  due = CASE WHEN $3 THEN NULL ELSE due END,"
		"  state = CASE WHEN paused THEN $4 ELSE state END, planned = $5"
		" FROM given g WHERE s.schedule_id = g.schedule_id RETURNING paused)"
		" SELECT count(*) FILTER (WHERE paused) FROM changed",
		5, {OIDOID, OIDOID, BOOLOID, TEXTOID, TIMESTAMPTZOID},.many_rows = true
	};
	CjStoreScope scope;
	Datum		values[5];
	bool		isnull;
	int64		nheld;

	cj_store_open(&scope, false);
	values[0] = ObjectIdGetDatum(from);
	values[1] = ObjectIdGetDatum(to);
	values[2] = BoolGetDatum(hold);
	values[3] = CStringGetTextDatum(state);
	values[4] = TimestampTzGetDatum(now);
	cj_store_run(&reassign, values, NULL);
	nheld = DatumGetInt64(cj_store_value(0, 1, &isnull));
	cj_store_close(&scope);

	return nheld;
}

/*
 * Delete the schedules of a role; returns their number.  Part of the caller's
 * transaction.
 */
int64
cj_schedule_store_drop_owned(Oid owner)
{
	static CjStatement delete = {
		"DELETE FROM jobs.schedule WHERE schedule_id = ANY (ARRAY(SELECT schedule_id FROM jobs.schedule"
		" WHERE owner::oid = $1 ORDER BY schedule_id FOR UPDATE))",
		1, {OIDOID}
	};
	CjStoreScope scope;
	Datum		value = ObjectIdGetDatum(owner);
	uint64		ndeleted;

	cj_store_open(&scope, false);
	ndeleted = cj_store_run(&delete, &value, NULL);
	cj_store_close(&scope);

	return (int64) ndeleted;
}
