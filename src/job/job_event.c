/*-------------------------------------------------------------------------
 *
 * job_event.c
 *	  What becomes of jobs, told at commit.
 *
 * Every change of a job's state is noted here by the process that makes it.  At
 * commit those who LISTEN are told (job_listen.c), who waits for a job is woken
 * (job_wait.c), and it is counted (job_stats.c).  What a rolled back transaction
 * or savepoint had noted is forgotten.
 *
 * Notifications are sent only if a session of this database listens, for NOTIFY
 * makes transactions commit one after the other.  And they are left out where the
 * queue has no room for them, since NOTIFY would raise an error then: a job must
 * be able to finish whether or not a listener reads.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_event.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/async.h"
#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/base_ids.h"
#include "compat.h"
#include "job/job_event.h"
#include "job/job_listen.h"
#include "job/job_stats.h"
#include "job/job_wait.h"

/* The queue of notifications is not filled by us beyond this part of it. */
#define MAX_QUEUE_USAGE 0.9

/* That notifications are left out is logged this often, in milliseconds. */
#define LOG_INTERVAL (60 * 1000)

/* An entry of the queue is a payload and, at most, so much more. */
#define QUEUE_ENTRY_OVERHEAD 64

typedef struct NotedEvent
{
	CjJobEvent	event;
	int			nest_level;		/* of the (sub)transaction */
	bool		lock_only;		/* nothing to tell: the row is locked */
} NotedEvent;

/* All in TopTransactionContext, in the order in which they were noted. */
static NotedEvent *events = NULL;
static int	nevents = 0;
static int	capacity = 0;

/* The jobs that have reached a last state, sorted; known before commit. */
static int64 *finished = NULL;
static int	nfinished = 0;

/* As finished, those that have been paused. */
static int64 *paused = NULL;
static int	npaused = 0;

/*
 * Room for one more event of the current (sub)transaction.
 */
static NotedEvent *
new_event(void)
{
	NotedEvent *noted;

	if (nevents == capacity)
	{
		int			more = Max(16, 2 * capacity);

		if (events == NULL)
			events = MemoryContextAllocHuge(TopTransactionContext,
											more * sizeof(NotedEvent));
		else
			events = repalloc_huge(events, more * sizeof(NotedEvent));
		capacity = more;
	}
	noted = &events[nevents];
	memset(noted, 0, sizeof(NotedEvent));
	noted->nest_level = GetCurrentTransactionNestLevel();
	return noted;
}

/*
 * A copy of the name of a job type that lives as long as the transaction; the
 * one of the last event if that has the same type.
 */
static const char *
keep_type(const char *type)
{
	if (nevents > 0 && events[nevents - 1].event.job_type != NULL &&
		strcmp(events[nevents - 1].event.job_type, type) == 0)
		return events[nevents - 1].event.job_type;
	return MemoryContextStrdup(TopTransactionContext, type);
}

/*
 * Note a change that the current (sub)transaction has made.  Copies the event.
 */
void
cj_job_event_add(const CjJobEvent *event)
{
	NotedEvent *noted = new_event();

	noted->event = *event;
	noted->event.job_type = keep_type(event->job_type);
	nevents++;
}

/*
 * Note the changes that the last statement has made: the first columns of its
 * result are the job's id, its type and its new state.
 */
void
cj_job_event_add_rows(CjStoreScope *scope, uint64 nrows)
{
	for (uint64 row = 0; row < nrows; row++)
	{
		bool		isnull;
		CjJobState	state = cj_job_state_parse(cj_store_text(scope, row, 3));
		CjJobEvent	event = {
			.job_id = DatumGetInt64(cj_store_value(row, 1, &isnull)),
			.job_type = cj_store_text(scope, row, 2),
			.state = state,
			.released = state == CJ_JOB_PENDING
		};

		cj_job_event_add(&event);
	}
}

/*
 * Note that the current (sub)transaction has locked the row of a job which it
 * has not changed: nobody else can change it before the end.
 */
void
cj_job_event_add_locked(int64 job_id)
{
	NotedEvent *noted = new_event();

	noted->event.job_id = job_id;
	noted->lock_only = true;
	nevents++;
}

/*
 * Note that a schedule has started a job of this type, CJ_JOB_PENDING, or has seen
 * how one ended.  It is counted beside what the job itself does.
 */
void
cj_job_event_add_run(const char *job_type, CjJobState state)
{
	CjJobEvent	event = {
		.job_type = job_type,
		.state = state,
		.of_schedule = true
	};

	cj_job_event_add(&event);
}

/*
 * One of these jobs that this very transaction has submitted, changed or
 * locked, 0 if there is none; "ids" are sorted.  *submitted tells which.
 */
int64
cj_job_event_find(const int64 *ids, int nids, bool *submitted)
{
	for (int i = 0; i < nevents; i++)
	{
		const CjJobEvent *event = &events[i].event;

		if (!event->of_schedule && cj_ids_contain(ids, nids, event->job_id))
		{
			*submitted = !events[i].lock_only && event->state == CJ_JOB_PENDING;
			return event->job_id;
		}
	}
	return 0;
}

/*
 * Is this event one to tell listeners?
 */
static bool
is_told(const NotedEvent *noted)
{
	return !noted->lock_only && !noted->event.retried && !noted->event.of_schedule;
}

/*
 * The name of a job type as ASCII; other characters, which no type should
 * have, become question marks.
 */
static char *
ascii_name(const char *name)
{
	char	   *ascii = pnstrdup(name, NAMEDATALEN);

	for (char *c = ascii; *c != '\0'; c++)
	{
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	}
	return ascii;
}

/*
 * Write the payload that tells of an event.  Everybody may listen, so it has
 * nothing in it that only some may see.
 */
static void
write_payload(StringInfo payload, const CjJobEvent *event)
{
	resetStringInfo(payload);
	appendStringInfo(payload, "{\"job_id\": " INT64_FORMAT ", \"job_type\": ",
					 event->job_id);
	escape_json(payload, ascii_name(event->job_type));
	appendStringInfo(payload, ", \"status\": \"%s\"}",
					 cj_job_state_name(event->state));
}

/*
 * Has the queue of notifications room for so many bytes?  Others add to it at
 * the same time, therefore the margin of MAX_QUEUE_USAGE.
 */
static bool
queue_has_room(Size size)
{
	double		usage = DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage,
														   (Datum) 0));

	/* an entry that does not fit on a page begins on the next one */
	return usage + 2.0 * size / BLCKSZ / max_notify_queue_pages < MAX_QUEUE_USAGE;
}

/*
 * Say that listeners are not told, now and then.
 */
static void
log_full_queue(void)
{
	static TimestampTz logged = 0;
	TimestampTz now = GetCurrentTimestamp();

	if (logged != 0 && !TimestampDifferenceExceeds(logged, now, LOG_INTERVAL))
		return;
	logged = now;
	ereport(LOG,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("changes of jobs are not notified, because the NOTIFY queue is too full"),
			 errdetail("Sessions that listen on the channel \"%s\" miss them.",
					   CJ_LISTEN_CHANNEL)));
}

/*
 * Notify the sessions that listen.  Called before commit, and before
 * PostgreSQL puts the notifications of the transaction into the queue.
 */
static void
notify_listeners(void)
{
	StringInfoData payload;
	Size		size = 0;
	int			ntold = 0;

	for (int i = 0; i < nevents; i++)
	{
		if (!is_told(&events[i]))
			continue;
		ntold++;
		size += QUEUE_ENTRY_OVERHEAD + 2 * NAMEDATALEN +
			strlen(events[i].event.job_type);
	}
	if (ntold == 0 || !cj_listen_look())
		return;
	if (!queue_has_room(size))
	{
		log_full_queue();
		return;
	}

	initStringInfo(&payload);
	for (int i = 0; i < nevents; i++)
	{
		if (!is_told(&events[i]))
			continue;
		write_payload(&payload, &events[i].event);
		Async_Notify(CJ_LISTEN_CHANNEL, payload.data);
	}
	pfree(payload.data);
}

/*
 * Collect the jobs that have reached a last state, and those that have been
 * paused: nothing can be allocated after commit.
 */
static void
collect_stopped(void)
{
	finished = MemoryContextAllocHuge(TopTransactionContext,
									  nevents * sizeof(int64));
	paused = MemoryContextAllocHuge(TopTransactionContext,
									nevents * sizeof(int64));
	nfinished = npaused = 0;
	for (int i = 0; i < nevents; i++)
	{
		const NotedEvent *noted = &events[i];

		if (!is_told(noted))
			continue;
		if (cj_job_state_is_terminal(noted->event.state))
			finished[nfinished++] = noted->event.job_id;
		else if (noted->event.state == CJ_JOB_PAUSED)
			paused[npaused++] = noted->event.job_id;
	}
	cj_ids_sort(finished, nfinished);
	cj_ids_sort(paused, npaused);
}

/*
 * Count what has been committed.  Raises nothing.
 */
static void
count_events(void)
{
	cj_job_stats_lock();
	for (int i = 0; i < nevents; i++)
	{
		if (!events[i].lock_only)
			cj_job_stats_count(&events[i].event);
	}
	cj_job_stats_unlock();
}

/*
 * Before commit notify, after it count and wake; at the end forget.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (events == NULL)
		return;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			notify_listeners();
			collect_stopped();
			return;
		case XACT_EVENT_COMMIT:
			cj_listen_looked();
			/* Who is woken may look at the numbers. */
			count_events();
			cj_job_wait_wake(finished, nfinished);
			cj_job_wait_wake_paused(paused, npaused);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			cj_listen_looked();
			break;
		default:
			return;
	}
	events = NULL;
	nevents = capacity = 0;
	finished = paused = NULL;
	nfinished = npaused = 0;
}

/*
 * A released savepoint's events become its parent's, a rolled back one's are
 * dropped.  They are the last ones.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	int			nest_level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (nevents > 0 && events[nevents - 1].nest_level >= nest_level)
			nevents--;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = nevents - 1;
			 i >= 0 && events[i].nest_level >= nest_level; i--)
			events[i].nest_level = nest_level - 1;
	}
}

/*
 * Install the transaction callbacks, and those that are told.  Called once, at
 * preload.
 */
void
cj_job_event_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
	cj_listen_init();
	cj_job_wait_init();
	cj_job_stats_init();
}
