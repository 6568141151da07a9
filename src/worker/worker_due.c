/*-------------------------------------------------------------------------
 *
 * worker_due.c
 *	  When the launcher is to start the coordinator of which database.
 *
 * In the launcher's own memory, for any number of databases.  Nothing of it has
 * to survive: a new launcher has a coordinator look into each database.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_due.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "worker/worker_due.h"

/*
 * A database that could not be connected to is tried again after the first,
 * then after twice as long and so on, up to the last; milliseconds.
 */
#define FIRST_RETRY 1000
#define LAST_RETRY (5 * 60 * 1000)

/*
 * A database that is only looked into makes way for one that is known to have
 * work, unless it has waited for this long; milliseconds.
 */
#define SCAN_PATIENCE (10 * 1000)

static HTAB *databases = NULL;

/*
 * Make the table.  Called once.
 */
void
cj_due_init(void)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(CjDueDatabase);
	control.hcxt = TopMemoryContext;
	databases = hash_create("cancel_job databases", 64, &control,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * The entry of a database, made if need be.
 */
static CjDueDatabase *
get_entry(Oid database)
{
	bool		found;
	CjDueDatabase *entry = hash_search(databases, &database, HASH_ENTER, &found);

	if (!found)
	{
		memset(entry, 0, sizeof(CjDueDatabase));
		entry->database = database;
		entry->due = DT_NOEND;
	}
	return entry;
}

/*
 * A database wants its coordinator, at the time "due", or earlier if it was
 * wanted earlier before; with "scan" only to look.
 */
void
cj_due_want(Oid database, TimestampTz due, bool scan)
{
	CjDueDatabase *entry = get_entry(database);

	entry->scan = scan && (entry->scan || entry->due == DT_NOEND);
	entry->due = Min(entry->due, due);
	if (!scan)
	{
		entry->parked = false;
		entry->closed = false;
	}
}

/*
 * The coordinator of a database has ended, and this is what it left in its
 * place.  If it was starved, it had jobs but no places for them, and there is
 * no use in another one before there are some.
 */
void
cj_due_ended(const CjCoordinatorPlace *ended)
{
	CjDueDatabase *entry = get_entry(ended->database);
	bool		wanted = entry->due != DT_NOEND && !entry->scan;

	entry->scan = false;
	entry->due = Min(entry->due, ended->due);
	if (!ended->failed || ended->lasted)
	{
		entry->failures = 0;
		entry->not_before = 0;
		entry->told = false;
	}
	if (ended->failed)
		cj_due_failed(entry);
	else if (ended->starved && !wanted)
	{
		entry->parked = true;
		entry->due = Min(entry->due, GetCurrentTimestamp());
	}
	else if (entry->due == DT_NOEND)
		cj_due_forget(ended->database);
}

/*
 * There is no such database any more, or nothing to be done in it.
 */
void
cj_due_forget(Oid database)
{
	(void) hash_search(databases, &database, HASH_REMOVE, NULL);
}

/*
 * A coordinator could not connect to a database, or broke down: it is tried
 * again after a while, which grows.
 */
void
cj_due_failed(CjDueDatabase *entry)
{
	int			delay = Min(FIRST_RETRY << Min(entry->failures, 10), LAST_RETRY);

	entry->failures++;
	entry->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													delay);
}

/*
 * The process of a database's coordinator did not come up: it is due still.
 */
void
cj_due_failed_to_start(Oid database)
{
	cj_due_want(database, GetCurrentTimestamp(), false);
	cj_due_failed(get_entry(database));
}

/*
 * Databases that failed before may work now.
 */
void
cj_due_retry_all(void)
{
	HASH_SEQ_STATUS status;
	CjDueDatabase *entry;

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		entry->not_before = 0;
		entry->failures = 0;
		entry->closed = false;
	}
}

/*
 * The clock was set: what is due at a later time may be due now.
 */
void
cj_due_look_all(void)
{
	HASH_SEQ_STATUS status;
	CjDueDatabase *entry;
	TimestampTz now = GetCurrentTimestamp();

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		entry->not_before = 0;
		if (entry->due != DT_NOEND)
			entry->due = now;
	}
}

/*
 * Places for this many jobs have become free: let as many databases go on that
 * waited for one, those that have waited longest.
 */
void
cj_due_unpark(int count)
{
	while (count-- > 0)
	{
		HASH_SEQ_STATUS status;
		CjDueDatabase *entry;
		CjDueDatabase *oldest = NULL;

		hash_seq_init(&status, databases);
		while ((entry = hash_seq_search(&status)) != NULL)
		{
			if (entry->parked && (oldest == NULL || entry->due < oldest->due))
				oldest = entry;
		}
		if (oldest == NULL)
			return;
		oldest->parked = false;
	}
}

/*
 * How many databases wait for a place for a job?
 */
int
cj_due_parked(void)
{
	HASH_SEQ_STATUS status;
	CjDueDatabase *entry;
	int			count = 0;

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
		count += entry->parked;
	return count;
}

/*
 * Begin a turn of the launcher: nothing is known of the commands on databases.
 */
void
cj_due_begin_turn(void)
{
	HASH_SEQ_STATUS status;
	CjDueDatabase *entry;

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
		entry->held = false;
}

/*
 * When a database may be started, DT_NOEND if something else has to happen
 * first.
 */
static TimestampTz
start_of(const CjDueDatabase *entry)
{
	if (entry->parked || entry->closed || entry->held)
		return DT_NOEND;
	return entry->due == DT_NOEND ? DT_NOEND : Max(entry->due, entry->not_before);
}

/*
 * The database whose turn it is to get its coordinator, NULL if there is none
 * now; with "scan_too", it may be one that is only looked into.
 */
CjDueDatabase *
cj_due_first(TimestampTz now, bool scan_too)
{
	HASH_SEQ_STATUS status;
	CjDueDatabase *entry;
	CjDueDatabase *first = NULL;
	TimestampTz first_rank = DT_NOEND;

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		TimestampTz rank = start_of(entry);

		if (rank > now || (entry->scan && !scan_too))
			continue;
		if (entry->scan)
			rank = TimestampTzPlusMilliseconds(rank, SCAN_PATIENCE);
		if (rank < first_rank)
		{
			first = entry;
			first_rank = rank;
		}
	}
	return first;
}

/*
 * When the next database after "now" is due, DT_NOEND if none is.
 */
TimestampTz
cj_due_next(TimestampTz now)
{
	HASH_SEQ_STATUS status;
	CjDueDatabase *entry;
	TimestampTz next = DT_NOEND;

	hash_seq_init(&status, databases);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		TimestampTz start = start_of(entry);

		if (start > now)
			next = Min(next, start);
	}
	return next;
}
