/*-------------------------------------------------------------------------
 *
 * schedule_backup.c
 *	  The schedules of full and of incremental backups, and those of changefeeds.
 *
 * A backup schedule is one of full backups, or two: one of full and one of
 * incremental backups, which begins when the first full one has succeeded.  The
 * rules are CockroachDB's.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_backup.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "tcop/utility.h"

#include "base/base_clock.h"
#include "job/job_pending.h"
#include "job/job_type.h"
#include "privilege/privilege_schedule.h"
#include "schedule/schedule_backup.h"
#include "schedule/schedule_backup_store.h"
#include "schedule/schedule_create.h"
#include "schedule/schedule_option.h"
#include "schedule/schedule_start.h"
#include "schedule/schedule_store.h"
#include "schedule/schedule_target.h"
#include "schedule/schedule_time.h"

/* What the state of an incremental schedule says that has not begun. */
#define STATE_WAITING "Waiting for initial backup to complete"

/*
 * Warn that a schedule is stored whose jobs cannot be started as yet.
 */
static void
warn_if_idle(const CjSchedule *schedule)
{
	if (cj_job_type_find(schedule->executor_type) == NULL)
		ereport(WARNING,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("schedule \"%s\" cannot start its jobs: job type \"%s\" does not exist",
						schedule->label, schedule->executor_type),
				 errdetail("The schedule is kept, and each of its runs is recorded as an error until there is such a type.")));
}

/*
 * Is this an option of BACKUP?
 */
bool
cj_schedule_is_backup_option(const char *name)
{
	static const char *const names[] = {
		"detached", "encryption_passphrase", "execution locality",
		"include_all_virtual_clusters", "incremental_location", "kms",
		"revision_history", "strict storage locality",
		"updates_cluster_monitoring_metrics"
	};

	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/*
 * Raise 22023 for what is no option of BACKUP.
 */
static void
check_backup_options(Jsonb *options)
{
	JsonbIterator *iterator = JsonbIteratorInit(&options->root);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		if (!cj_schedule_is_backup_option(name))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unrecognized backup option: \"%s\"", name)));
	}
}

/*
 * Raise an error for a schedule that has no place to write to, or names one that
 * is null.
 */
static void
check_places(const char *what, const ArrayType *places)
{
	if (places == NULL || ArrayGetNItems(ARR_NDIM(places), ARR_DIMS(places)) == 0 ||
		array_contains_nulls(unconstify(ArrayType *, places)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the %s of a schedule must not be null or empty", what)));
}

/*
 * Create a schedule of changefeeds of the current user, and return it.  Fills in what
 * its jobs do; else as cj_schedule_create() and cj_schedule_target_check().
 */
CjSchedule *
cj_schedule_create_changefeed(CjScheduleCreation *creation, CjScheduleWork *work)
{
	CjSchedule *schedule;
	char	   *statement;

	if (work->sink_uri == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the sink of a schedule must not be null or empty")));
	if (work->query == NULL)
		check_places("tables", work->tables);
	else if (work->tables != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a changefeed has either tables or a query")));
	cj_schedule_target_check(work);

	creation->executor_type = CJ_EXECUTOR_CHANGEFEED;
	creation->command = cj_schedule_store_command(CJ_EXECUTOR_CHANGEFEED, work, &statement);
	creation->statement = statement;
	schedule = cj_schedule_create(creation);
	warn_if_idle(schedule);
	return schedule;
}

/*
 * How long one backup of a schedule comes after the other; PG_INT64_MAX if there is
 * only one.  Raises what cj_cron_parse() raises.
 */
static int64
interval_of(const char *recurrence, const char *timezone, TimestampTz now)
{
	CjSchedule	schedule = {
		.recurrence = unconstify(char *, recurrence),
		.timezone = unconstify(char *, timezone)
	};
	TimestampTz first = cj_schedule_first(&schedule, now);
	TimestampTz second = first == CJ_NO_TIME ? CJ_NO_TIME : cj_schedule_first(&schedule, first);

	return second == CJ_NO_TIME ? PG_INT64_MAX : second - first;
}

/*
 * The recurrence of full backups that goes with one for which nothing is said: NULL
 * if all of these are full.
 */
static const char *
choose_full(const char *recurrence, const char *timezone, TimestampTz now)
{
	int64		interval = interval_of(recurrence, timezone, now);

	if (interval <= USECS_PER_HOUR)
		return "@daily";
	if (interval <= USECS_PER_DAY)
		return "@weekly";
	return NULL;
}

/*
 * Raise 22023 unless incremental backups come more often than full ones.
 */
static void
check_frequencies(const CjSchedule *full, const CjSchedule *incremental, TimestampTz now)
{
	if (interval_of(incremental->recurrence, incremental->timezone, now) >=
		interval_of(full->recurrence, full->timezone, now))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("incremental backups must occur more often than full backups")));
}

/*
 * Add a schedule of incremental backups to one of full ones.  It waits for a full
 * backup, and for its own earlier ones.  Returns its id.
 */
static int64
add_incremental(const CjSchedule *full, const char *recurrence, TimestampTz now)
{
	CjSchedule	incremental = *full;

	incremental.recurrence = unconstify(char *, recurrence);
	incremental.once = cj_schedule_is_once(recurrence, full->timezone);
	incremental.next_run = CJ_NO_TIME;
	incremental.due = CJ_NO_TIME;
	incremental.state = STATE_WAITING;
	incremental.overlap = CJ_OVERLAP_WAIT;
	check_frequencies(full, &incremental, now);
	incremental.id = cj_schedule_store_insert(&incremental, now);
	cj_schedule_store_couple(full->id, incremental.id);
	return incremental.id;
}

/*
 * Read a schedule of full backups, and before it that of incremental ones if there
 * is one; both are locked.  Returns how many there are.
 */
static int
read_both(int64 full, CjSchedule **schedules)
{
	CjPrivileges privileges;
	int			n;

	cj_privilege_begin(&privileges, GetUserId());
	n = cj_schedule_store_lock(&full, 1, &privileges, schedules);

	if (n == 2)
	{
		CjSchedule	first = (*schedules)[0];

		(*schedules)[0] = (*schedules)[1];
		(*schedules)[1] = first;
	}
	return n;
}

/*
 * As read_both(), once they are as they are to be: raises what would keep their jobs
 * from being submitted.
 */
static int
read_and_check(int64 full, CjSchedule **schedules)
{
	int			n = read_both(full, schedules);

	for (int i = 0; i < n; i++)
		cj_schedule_check_start(&(*schedules)[i]);
	return n;
}

/*
 * Create a schedule of backups of the current user, or two, which *schedules are
 * set to: that of incremental backups first.  Returns how many these are.
 *
 * creation->recurrence is that of all backups, "full_backup" that of the full ones:
 * NULL leaves the choice to us, CJ_FULL_BACKUP_ALWAYS makes all full.  What the jobs
 * do is filled in.  Raises as cj_schedule_create() and cj_schedule_target_check(), 22023 if the incremental backups
 * were not more often, 42501 if the user may not have the metric updated.
 */
int
cj_schedule_create_backup(CjScheduleCreation *creation, CjScheduleWork *work,
						  const char *full_backup, CjSchedule **schedules)
{
	TimestampTz now = cj_clock_now();
	const char *recurrence = creation->recurrence;
	CjSchedule *full;
	char	   *statement;

	check_places("destination", work->into);
	cj_schedule_target_check(work);
	if (work->options != NULL)
		check_backup_options(work->options);
	if (work->updates_metric)
		cj_privilege_check_backup_metric(GetUserId());
	creation->executor_type = CJ_EXECUTOR_BACKUP;
	creation->command = cj_schedule_store_command(CJ_EXECUTOR_BACKUP, work, &statement);
	creation->statement = statement;

	if (recurrence != NULL && full_backup == NULL)
	{
		full_backup = choose_full(recurrence, creation->timezone, now);
		if (creation->first_run == CJ_NO_TIME)
			creation->first_run = now;
	}
	else if (full_backup != NULL && pg_strcasecmp(full_backup, CJ_FULL_BACKUP_ALWAYS) == 0)
		full_backup = NULL;
	if (full_backup != NULL)
		creation->recurrence = full_backup;

	full = cj_schedule_create(creation);
	if (full_backup != NULL)
		(void) add_incremental(full, recurrence, now);
	warn_if_idle(full);
	return read_and_check(full->id, schedules);
}

/*
 * A backup of a schedule has succeeded: the schedule of incremental ones that has
 * waited for that begins.  Returns false if somebody has locked it.
 *
 * One that is paused for another reason stays so, and so does one whose new owner
 * has not let it run.  For the coordinator.
 */
bool
cj_schedule_backup_succeeded(const CjSchedule *full, TimestampTz now)
{
	bool		exists;
	CjSchedule *incremental;

	if (full->unpauses == 0)
		return true;
	incremental = cj_schedule_store_lock_free(full->unpauses, &exists);
	if (incremental == NULL && exists)
		return false;
	if (incremental != NULL && incremental->next_run == CJ_NO_TIME &&
		!incremental->held && !incremental->is_copy &&
		strcmp(incremental->state, STATE_WAITING) == 0)
		cj_schedule_store_plan(incremental->id, cj_schedule_first(incremental, now),
							   "", now);
	cj_schedule_store_unpaused(full->id);
	return true;
}

/*
 * Drop a schedule, which is locked, and its companion: full backups take their
 * incremental ones along.  Returns how many were dropped.
 */
int64
cj_schedule_drop(const CjSchedule *schedule)
{
	int64		ids[2] = {schedule->id, schedule->companion};
	bool		both = schedule->companion != 0 && !schedule->incremental;
	uint64		ndropped = cj_schedule_store_delete(ids, both ? 2 : 1);

	if (schedule->incremental && schedule->companion != 0)
		cj_schedule_store_uncouple(schedule->companion);
	return (int64) ndropped;
}

/*
 * Set the recurrence of a schedule.  One that is paused stays so.
 */
static void
set_recurrence(CjSchedule *schedule, const char *recurrence, TimestampTz now)
{
	schedule->recurrence = unconstify(char *, recurrence);
	schedule->once = cj_schedule_is_once(recurrence, schedule->timezone);
	schedule->due = CJ_NO_TIME;
	if (schedule->next_run != CJ_NO_TIME)
		schedule->next_run = cj_schedule_first(schedule, now);
}

/*
 * What ALTER BACKUP SCHEDULE says to both schedules alike.
 */
static void
alter_common(CjSchedule *schedule, const CjBackupAlteration *alteration, TimestampTz now)
{
	if (alteration->label != NULL)
		schedule->label = pstrdup(alteration->label);
	if (alteration->on_execution_failure != NULL)
		schedule->failure = cj_schedule_failure_parse(alteration->on_execution_failure);
	if (alteration->on_previous_running != NULL && !schedule->incremental)
		schedule->overlap = cj_schedule_overlap_parse(alteration->on_previous_running);
	if (alteration->max_running != NULL)
		schedule->max_running = *alteration->max_running;
	if (alteration->updates_metric != NULL)
		schedule->updates_metric = *alteration->updates_metric;
	if (alteration->timezone != NULL)
	{
		schedule->timezone = pstrdup(alteration->timezone);
		set_recurrence(schedule, schedule->recurrence, now);
	}
}

/*
 * SET FULL BACKUP: always, or at times of its own, for which the times of now
 * become those of incremental backups.  *incremental becomes NULL if there are none any
 * more.  Returns the recurrence of those that are to be added, NULL for none.
 */
static const char *
alter_full(CjSchedule *full, CjSchedule **incremental, const char *full_backup,
		   TimestampTz now)
{
	const char *added = NULL;

	if (pg_strcasecmp(full_backup, CJ_FULL_BACKUP_ALWAYS) == 0)
	{
		if (*incremental != NULL)
		{
			set_recurrence(full, (*incremental)->recurrence, now);
			(void) cj_schedule_drop(*incremental);
			*incremental = NULL;
		}
		return NULL;
	}
	if (*incremental == NULL)
		added = full->recurrence;
	set_recurrence(full, full_backup, now);
	return added;
}

/*
 * EXECUTE IMMEDIATELY: a schedule is due at once.  Raises 55000 if it is paused.
 */
static void
execute_at_once(CjSchedule *schedule, TimestampTz now)
{
	if (schedule->next_run == CJ_NO_TIME || schedule->is_copy)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot execute a paused schedule; use RESUME SCHEDULE instead")));
	schedule->next_run = now;
	schedule->due = CJ_NO_TIME;
}

/*
 * Lock a backup schedule and its companion for the current user.  *incremental
 * becomes NULL if there is none.  Raises 42704 if there is no such schedule, 42501 if
 * the user may not alter it, 42809 if it is no backup schedule.
 */
static void
lock_to_alter(int64 id, CjSchedule **full, CjSchedule **incremental)
{
	CjPrivileges privileges;
	CjSchedule *schedules;
	int			nschedules;
	Oid			owner;
	bool		held;

	cj_privilege_begin(&privileges, GetUserId());
	nschedules = cj_schedule_store_lock(&id, 1, &privileges, &schedules);
	*full = *incremental = NULL;
	for (int i = 0; i < nschedules; i++)
	{
		if (schedules[i].id == id && strcmp(schedules[i].executor_type, CJ_EXECUTOR_BACKUP) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("schedule %lld is not a backup schedule", (long long) id)));
		cj_privilege_check_alter_schedule(&privileges, schedules[i].owner, schedules[i].held);
		*(schedules[i].incremental ? incremental : full) = &schedules[i];
	}
	if (*full != NULL)
		return;
	if (*incremental != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("incremental backup schedule %lld has no corresponding full backup schedule; drop schedule %lld and recreate",
						(long long) id, (long long) id)));
	if (!cj_schedule_store_owner(id, &owner, &held))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("schedule %lld does not exist", (long long) id)));
	cj_privilege_check_alter_schedule(&privileges, owner, held);
}

/*
 * Raise an error for what makes no sense, whatever the schedule is.
 */
static void
check_alteration(const CjBackupAlteration *alteration)
{
	if (alteration->label != NULL)
		cj_schedule_check_label(alteration->label);
	if (alteration->into != NULL)
		check_places("destination", alteration->into);
	if (alteration->max_running != NULL)
		cj_schedule_check_max_running(*alteration->max_running);
	if (alteration->options != NULL)
	{
		cj_schedule_target_check_options(alteration->options);
		check_backup_options(alteration->options);
	}
	if (alteration->updates_metric != NULL)
		cj_privilege_check_backup_metric(GetUserId());
}

/*
 * ALTER BACKUP SCHEDULE: "id" is that of either schedule.  *schedules is set to what
 * has become of the two, as by cj_schedule_create_backup(); returns how many there
 * are.
 *
 * Part of the caller's transaction.  Raises what lock_to_alter(), the options,
 * cj_cron_parse(), execute_at_once() and cj_schedule_check_start() raise, 22023 if
 * the incremental backups were not more often than the full ones.  Needs a snapshot.
 */
int
cj_schedule_alter_backup(int64 id, const CjBackupAlteration *alteration,
						 CjSchedule **schedules)
{
	TimestampTz now = cj_clock_now();
	const char *added = NULL;
	CjSchedule *full;
	CjSchedule *incremental;

	PreventCommandIfReadOnly("ALTER BACKUP SCHEDULE");
	check_alteration(alteration);
	lock_to_alter(id, &full, &incremental);

	alter_common(full, alteration, now);
	if (incremental != NULL)
		alter_common(incremental, alteration, now);
	if (alteration->recurrence != NULL)
		set_recurrence(incremental != NULL ? incremental : full, alteration->recurrence, now);
	if (alteration->full_backup != NULL)
		added = alter_full(full, &incremental, alteration->full_backup, now);
	if (incremental != NULL)
		check_frequencies(full, incremental, now);
	if (alteration->execute_full)
		execute_at_once(full, now);
	if (alteration->execute)
		execute_at_once(incremental != NULL ? incremental : full, now);

	cj_schedule_store_alter(full, alteration, now);
	if (incremental != NULL)
		cj_schedule_store_alter(incremental, alteration, now);
	if (added != NULL)
	{
		/* as it is now */
		(void) read_both(full->id, schedules);
		(void) add_incremental(*schedules, added, now);
	}
	cj_job_pending_add_submission();
	return read_and_check(full->id, schedules);
}
