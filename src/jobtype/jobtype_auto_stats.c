/*-------------------------------------------------------------------------
 *
 * jobtype_auto_stats.c
 *	  Jobs that collect table statistics by themselves.
 *
 * The coordinator starts at most one of them at a time in a database, for the
 * table whose statistics are most urgently due: as PostgreSQL has counted the
 * changes, CockroachDB's thresholds say.  A job belongs to the table's owner, or
 * to the extension's if that one cannot have jobs.
 *
 * An idle database must cost nothing: who looks at the tables is woken when
 * enough rows of the database have changed, see worker_watch.c.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_auto_stats.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/autovacuum.h"
#include "utils/syscache.h"

#include "base/base_guc.h"
#include "base/base_pausepoint.h"
#include "base/base_store.h"
#include "base/base_try.h"
#include "job/job_control.h"
#include "job/job_message.h"
#include "job/job_progress_store.h"
#include "job/job_submit.h"
#include "job/job_type.h"
#include "jobtype/jobtype_auto_stats.h"
#include "jobtype/jobtype_stats_analyze.h"
#include "jobtype/jobtype_stats_stale_store.h"
#include "worker/worker.h"
#include "worker/worker_turn.h"
#include "worker/worker_watch.h"

/*
 * So many of them run at a time on a server: they take their time, and must not
 * take all places from users' jobs.
 */
#define MAX_RUNNING 2

/* So many tables are looked at at a time. */
#define MAX_TABLES_PER_LOOK 5000

/*
 * A look that takes long is followed by a pause so many times as long, up to
 * LAZY_INTERVALS intervals.
 */
#define LOOK_SHARE 100

/* So many of its intervals has autovacuum to analyze a table. */
#define PATIENCE 2

/*
 * Of tables that are not known to need less, so many intervals may pass until a
 * look at any change.
 */
#define LAZY_INTERVALS 10

/*
 * The looks of a pass over all tables: the oid behind which the next one begins,
 * and how many rows must change, by what has been seen, until statistics of another
 * table are due; negative: nothing has been seen.
 */
static Oid	cursor = InvalidOid;
static double needed = -1;

/* What a paused automatic job says. */
#define PAUSED_STATUS "paused; no other automatic statistics job starts meanwhile"

/* The job that this process knows to be under way, 0 for none. */
static int64 current_job = 0;

/*
 * CjJobType.resume: ANALYZE, if it is still due: autovacuum may have been
 * faster, or a user.
 */
static void
resume_auto_stats(CjJob *job)
{
	CjStatsRequest request;
	CjStaleLook look = {0};

	cj_stats_request_unpack(job, &request);
	(void) cj_worker_report_progress(-1, "collecting statistics");
	look.first = look.last = request.relation;
	cj_stats_stale_look(&look);
	if (look.ntables == 0)
	{
		cj_job_message_add(NOTICE, ERRCODE_SUCCESSFUL_COMPLETION,
						   SearchSysCacheExists1(RELOID, ObjectIdGetDatum(request.relation)) ?
						   "the statistics are not due any more" :
						   "the table does not exist any more");
		return;
	}
	if (!cj_stats_analyze_yielding(&request))
		return;
	cj_stats_stale_analyzed(request.relation, look.tables[0].changes);
	job->result_tag = "ANALYZE";
}

static const CjJobType auto_stats_type = {
	.name = CJ_AUTO_STATS_TYPE,
	.flags = CJ_TYPE_CANCELABLE | CJ_TYPE_AUTOMATIC,
	.max_running = MAX_RUNNING,
	.resume = resume_auto_stats
};

/*
 * Submit the job for a table, as a job of the role that it is to run as.
 */
static void
submit_job(const CjStaleTable *table)
{
	CjStatsRequest request = {
		.relation = table->relation,
		.idle = cj_guc_stats_max_fraction_idle,
		.rows = table->rows,
		.changed = table->changed,
		.automatic = true
	};
	Interval	timeout = {.time = cj_guc_automatic_statistics_timeout * INT64CONST(1000)};
	CjJobPlan	plan = {
		.max_attempts = 1,
		.timeout = timeout.time > 0 ? &timeout : NULL
	};
	CjJob		job = {0};
	bool		read_only = XactReadOnly;
	Oid			userid;
	int			sec_context;

	job.type = CJ_AUTO_STATS_TYPE;
	job.statement = psprintf("CREATE STATISTICS __auto__ FROM [%u] WITH OPTIONS THROTTLING %g",
							 table->relation, request.idle);
	job.description = psprintf(CJ_AUTO_STATS_DESCRIPTION, table->name);
	job.arguments = cj_stats_request_pack(&request);

	/* What is set for the database is for its sessions. */
	XactReadOnly = false;
	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(table->owner, sec_context | SECURITY_LOCAL_USERID_CHANGE);
	current_job = cj_job_submit(&job, &plan);
	SetUserIdAndSecContext(userid, sec_context);
	XactReadOnly = read_only;
	cj_stats_stale_submitted(table->relation, current_job);
}

/*
 * When a table's job may be started, 0 for now.  What autovacuum is about to
 * analyze is left to it for some time.
 */
static TimestampTz
start_time(const CjStaleTable *table, TimestampTz now)
{
	TimestampTz start = table->not_before;

	if (table->left)
		start = Max(start, TimestampTzPlusMilliseconds(table->left_since != 0 ? table->left_since : now,
													   PATIENCE * 1000L * autovacuum_naptime));
	return start > now ? start : 0;
}

/*
 * Start the job of the most urgent table that may have one now.  Returns when
 * one of the others may, DT_NOEND if there is none.
 */
static TimestampTz
start_one(const CjStaleLook *look)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next = DT_NOEND;

	for (int i = 0; i < look->ntables; i++)
	{
		const CjStaleTable *table = &look->tables[i];
		TimestampTz start = start_time(table, now);

		if (!OidIsValid(table->owner))
			continue;
		if (start == 0)
		{
			submit_job(table);
			return DT_NOEND;
		}
		next = Min(next, start);
	}
	return next;
}

/*
 * Look at the next tables and start a job, in a transaction of our own.  Sets
 * the watch, which says when to look again.
 */
static void
look_at_tables(void)
{
	CjStaleLook look = {0};
	TimestampTz began = GetCurrentTimestamp();
	TimestampTz now;
	TimestampTz interval = cj_guc_automatic_statistics_interval * INT64CONST(1000);
	CjWatch		watch = {.changes = cj_watch_changes()};

	cj_pausepoint("statistics.before_look");
	cj_stats_stale_slice(&look, cursor, MAX_TABLES_PER_LOOK);
	cj_stats_stale_look(&look);
	cj_stats_stale_leave(&look);
	watch.look_at = start_one(&look);
	if (look.complete)
		cj_stats_stale_forget_dropped();

	now = GetCurrentTimestamp();
	watch.not_before = now + Max(interval, Min((now - began) * LOOK_SHARE,
											   interval * LAZY_INTERVALS));
	if (look.needed >= 0)
		needed = needed < 0 ? look.needed : Min(needed, look.needed);
	watch.needed = needed < 0 ? 1 : needed;
	if (current_job == 0 && !look.complete)
	{
		watch.look_at = Min(watch.look_at, watch.not_before);
		cursor = look.last;
	}
	else if (current_job == 0)
	{
		cursor = InvalidOid;
		needed = -1;
	}
	watch.lazy = now + interval * LAZY_INTERVALS;
	cj_watch_set(&watch);
}

/*
 * For cj_try(): look_at_tables().
 */
static void
look_task(void *arg)
{
	look_at_tables();
}

/*
 * As look_at_tables(), but an error is logged, and the tables are looked at again
 * later: it must not end the coordinator, which others need.
 */
static void
look_safely(void)
{
	ErrorData  *error = cj_try(look_task, NULL);

	if (error == NULL)
		return;
	current_job = 0;
	cj_watch_retry(LAZY_INTERVALS);
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("could not look for tables whose statistics are due: %s", error->message)));
}

/*
 * Is an automatic job under way?  A paused one counts, and says so.
 */
static bool
job_is_under_way(void)
{
	CjJobState	state;

	current_job = cj_stats_stale_find_job(&state);
	if (current_job != 0 && state == CJ_JOB_PAUSED)
		cj_job_progress_tell_paused(current_job, PAUSED_STATUS);
	return current_job != 0;
}

/*
 * CjTurnPart.run: start an automatic job if none is under way and there is something to
 * do: when the last one has ended, and when enough has changed since the last look.
 */
static long
take_turn(bool *awaits_end)
{
	int64		last_job = current_job;

	if (!cj_guc_stats_enabled)
	{
		cj_watch_set(NULL);
		return -1;
	}
	if (last_job == 0 && !cj_watch_is_due())
		return -1;

	cj_turn_begin();
	if (!job_is_under_way())
		look_safely();
	cj_store_commit();
	if (current_job != 0)
		*awaits_end = true;
	return -1;					/* the launcher has the watch */
}

static const CjTurnPart turn_part = {
	.run = take_turn
};

/*
 * CjJobCanceledHook: tell who cancels an automatic job what that is good for.
 */
static void
tell_canceled(const char *type, int64 id)
{
	if (strcmp(type, CJ_AUTO_STATS_TYPE) != 0 || !cj_guc_stats_enabled)
		return;
	ereport(NOTICE,
			(errmsg("job %lld is going to be followed by another one, as long as the statistics are due",
					(long long) id),
			 errhint("To switch automatic statistics off, use SET CLUSTER SETTING sql.stats.automatic_collection.enabled = false.")));
}

/*
 * Make the job type known, and take part in the coordinator's turns.  Called
 * once, at preload.
 */
void
cj_auto_stats_init(void)
{
	cj_job_type_register(&auto_stats_type);
	cj_job_control_set_canceled_hook(tell_canceled);
	cj_worker_add_turn_part(&turn_part);
}
