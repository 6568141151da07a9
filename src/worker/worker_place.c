/*-------------------------------------------------------------------------
 *
 * worker_place.c
 *	  The places of coordinators, and how a coordinator is woken.
 *
 * A wake-up is never lost.  It goes, under the room's lock, to the coordinator
 * that runs, which looks at it before it leaves or leaves word that it has to
 * be started again; without one, to the launcher.  If the launcher has been
 * told of too many databases to remember, or has not lived to see it, it looks
 * at all databases.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_place.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/base_guc.h"
#include "worker/worker_ahead.h"
#include "worker/worker_place.h"
#include "worker/worker_slot.h"

/* For this long a busy coordinator has its place for itself; milliseconds. */
#define TIME_SLICE 1000

/*
 * The place of a database's coordinator that has been asked for or runs, NULL
 * if there is none.  Needs the lock.
 */
CjCoordinatorPlace *
cj_place_find(Oid database)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if ((place->state == CJ_PLACE_STARTING ||
			 place->state == CJ_PLACE_RUNNING) && place->database == database)
			return place;
	}
	return NULL;
}

/*
 * Make the launcher look at what it was told.  Needs the lock, exclusively.
 */
void
cj_launcher_wake(void)
{
	if (cj_worker_shared->launcher.latch != NULL)
		SetLatch(cj_worker_shared->launcher.latch);
}

/*
 * Keep the launcher from starting the coordinator of a database, for a command
 * that wants it for itself.  Returns false if too many such commands are under
 * way: this one has to wait, then, as it would for any session.
 */
bool
cj_place_hold(Oid database)
{
	CjLauncherShared *launcher = &cj_worker_shared->launcher;
	bool		held = false;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < CJ_HELD_MAX && !held; i++)
	{
		if (OidIsValid(launcher->held[i]))
			continue;
		launcher->held[i] = database;
		held = true;
	}
	cj_worker_unlock();

	return held;
}

/*
 * Take back one cj_place_hold().
 */
void
cj_place_release(Oid database)
{
	CjLauncherShared *launcher = &cj_worker_shared->launcher;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < CJ_HELD_MAX; i++)
	{
		if (launcher->held[i] != database)
			continue;
		launcher->held[i] = InvalidOid;
		break;
	}
	cj_launcher_wake();
	cj_worker_unlock();
}

/*
 * Does a command want this database for itself?  Needs the lock.
 */
bool
cj_place_is_held(Oid database)
{
	for (int i = 0; i < CJ_HELD_MAX; i++)
	{
		if (cj_worker_shared->launcher.held[i] == database)
			return true;
	}
	return false;
}

/*
 * Ask the launcher for the coordinator of a database, that has none; with
 * "scan", only to look whether there is work.  Needs the lock, exclusively.
 */
static void
tell_launcher(Oid database, bool scan)
{
	CjLauncherShared *launcher = &cj_worker_shared->launcher;

	for (int i = 0; i < launcher->nwanted; i++)
	{
		/* The launcher was woken then, and has not looked yet. */
		if (launcher->wanted[i].database == database)
		{
			launcher->wanted[i].scan &= scan;
			return;
		}
	}
	if (launcher->nwanted < CJ_WANTED_MAX)
	{
		launcher->wanted[launcher->nwanted].database = database;
		launcher->wanted[launcher->nwanted].scan = scan;
		launcher->nwanted++;
	}
	else
		launcher->scan = true;
	cj_launcher_wake();
}

/*
 * Make the coordinator of a database look for work if it runs.  One that
 * starts will look anyway.  Returns false if it does neither.  Needs the lock,
 * exclusively.
 */
static bool
wake_running(Oid database)
{
	CjCoordinatorPlace *place = cj_place_find(database);

	if (place == NULL)
		return false;
	place->woken = true;
	if (place->latch != NULL)
		SetLatch(place->latch);
	return true;
}

/*
 * Make the coordinator of a database look for work; have the launcher start
 * it if it does not run, with "scan" only to look.
 */
void
cj_coordinator_want(Oid database, bool scan)
{
	cj_worker_lock(LW_EXCLUSIVE);
	if (!wake_running(database))
		tell_launcher(database, scan);
	cj_worker_unlock();
}

/*
 * There is work for the coordinator of a database.
 */
void
cj_coordinator_wake(Oid database)
{
	cj_coordinator_want(database, false);
}

/*
 * Something has changed that the coordinator of a database takes into account
 * if it runs, and need not be started for.
 */
void
cj_coordinator_notify(Oid database)
{
	cj_worker_lock(LW_EXCLUSIVE);
	(void) wake_running(database);
	cj_worker_unlock();
}

/*
 * Make the coordinators look again that had jobs but no place for them, all
 * but one.  Of those that have left meanwhile, the launcher starts one for each
 * place.  Needs the lock, exclusively.
 */
static void
wake_starved(const CjCoordinatorPlace *but, int nfreed)
{
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if (place == but || !place->starved)
			continue;
		place->starved = false;
		place->woken = true;
		if (place->state == CJ_PLACE_ENDED)
			place->due = GetCurrentTimestamp();
		else if (place->latch != NULL)
			SetLatch(place->latch);
	}
	if (cj_worker_shared->launcher.nparked > 0)
	{
		cj_worker_shared->launcher.nfreed += nfreed;
		cj_launcher_wake();
	}
}

/*
 * Tell the coordinator of a database of jobs that requests were committed for;
 * with "all", that it has to look at all jobs.
 * One that does not run looks at all when it starts.
 */
void
cj_coordinator_request(Oid database, const int64 *ids, int nids, bool all)
{
	CjCoordinatorPlace *place;

	cj_worker_lock(LW_EXCLUSIVE);
	place = cj_place_find(database);
	if (place != NULL)
	{
		if (all || place->nrequested + nids > CJ_MAX_REQUESTED)
			place->nrequested = CJ_MAX_REQUESTED + 1;
		else
		{
			memcpy(place->requested + place->nrequested, ids, nids * sizeof(int64));
			place->nrequested += nids;
		}
	}
	cj_worker_unlock();
	cj_coordinator_wake(database);
}

/*
 * Take what cj_coordinator_request() has told this process, the coordinator of
 * its database: up to CJ_MAX_REQUESTED ids.  Returns their number, -1 for all
 * jobs.
 */
int
cj_coordinator_take_requested(int64 *ids)
{
	CjCoordinatorPlace *mine;
	int			nids = 0;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = cj_place_find(MyDatabaseId);
	if (mine != NULL)
	{
		nids = mine->nrequested;
		if (nids > CJ_MAX_REQUESTED)
			nids = -1;
		else
			memcpy(ids, mine->requested, nids * sizeof(int64));
		mine->nrequested = 0;
	}
	cj_worker_unlock();

	return nids;
}

/*
 * The place of a job of this database has become free: its coordinator looks
 * again, and so do those that had jobs but no place for them.  With "wanted" it
 * is started if it does not run.
 *
 * Needs the lock, exclusively; one that is woken waits for it, so it is to be
 * released soon.
 */
void
cj_coordinator_place_freed(Oid database, bool wanted)
{
	wake_starved(NULL, 1);
	if (!wake_running(database) && wanted)
		tell_launcher(database, false);
}

/*
 * The place of a job of this database is about to become free: its coordinator
 * looks, if it has jobs that wait for one.  Needs the lock, exclusively.
 */
void
cj_coordinator_place_expected(Oid database)
{
	CjCoordinatorPlace *place = cj_place_find(database);

	if (place != NULL && place->starved)
		(void) wake_running(database);
}

/*
 * A job of this database is over, and its place has passed to another one at
 * once: its coordinator looks if others wait for the end, and not for a place.
 * Needs the lock, exclusively.
 */
void
cj_coordinator_place_passed(Oid database)
{
	CjCoordinatorPlace *place = cj_place_find(database);

	if (place == NULL)
		tell_launcher(database, false);
	else if (place->awaits_end)
		(void) wake_running(database);
}

/*
 * Note whether this process, the coordinator of its database, has found jobs that
 * wait for the end of others.  If it had not before, it has to look again: no
 * end that came since has woken it.
 */
void
cj_coordinator_await_end(bool awaits_end)
{
	CjCoordinatorPlace *mine;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = cj_place_find(MyDatabaseId);
	if (mine != NULL)
	{
		mine->woken |= awaits_end && !mine->awaits_end;
		mine->awaits_end = awaits_end;
	}
	cj_worker_unlock();
}

/*
 * Ask a coordinator of another database to give its place, and its process, to
 * those who wait for one: one with nothing to do at once, a busy one when it has
 * had its place for some time; with "scans_only", one that only looks.  One is
 * asked at a time.  Returns the milliseconds after which to try again, -1 if a
 * coordinator is about to end anyway.
 */
long
cj_place_ask_to_yield(bool scans_only)
{
	CjLauncherShared *launcher = &cj_worker_shared->launcher;
	CjCoordinatorPlace *longest = NULL;
	TimestampTz now = GetCurrentTimestamp();
	bool		ending = false;
	long		had = 0;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if (place->database == MyDatabaseId || (scans_only && !place->scan))
			continue;
		if (place->state == CJ_PLACE_ENDED || place->yield || place->leave)
			ending = true;
		else if (place->state == CJ_PLACE_RUNNING &&
				 (longest == NULL || place->idle > longest->idle ||
				  (place->idle == longest->idle &&
				   place->since < longest->since)))
			longest = place;
	}
	if (longest != NULL)
		had = TimestampDifferenceMilliseconds(longest->since, now);
	if (!ending && longest != NULL && (longest->idle || had >= TIME_SLICE))
	{
		ending = true;
		longest->yield = true;
		if (longest->latch != NULL)
			SetLatch(longest->latch);
	}
	launcher->waiting |= !ending;
	cj_worker_unlock();

	return ending ? -1 : TIME_SLICE - had;
}

/*
 * How many more jobs may run, by jobs.max_running and by what the coordinators of
 * other databases have reserved; negative if there are too many.  Needs the
 * lock.
 */
int
cj_worker_places_left(void)
{
	int			left = Min(cj_guc_max_running, cj_worker_shared->nslots);

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjSlotState state = cj_worker_shared->slots[i].state;
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if (state == CJ_SLOT_STARTING || state == CJ_SLOT_BUSY ||
			state == CJ_SLOT_LOST)
			left--;
		if (place->database != MyDatabaseId)
			left -= place->reserved;
	}
	return left;
}

/*
 * How many jobs may be claimed ahead, when so many places are left: none if other
 * databases wait for the places that are about to become free.  Needs the
 * lock.
 */
static int
places_expected(int left)
{
	int			expected = Min(left, 0);

	if (cj_worker_shared->launcher.nparked > 0)
		return 0;
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjCoordinatorPlace *place = &cj_worker_shared->coordinators[i];

		if (place->starved && place->database != MyDatabaseId)
			return 0;
		if (cj_ahead_is_possible(&cj_worker_shared->slots[i]))
			expected++;
	}
	return Max(expected, 0);
}

/*
 * Reserve places for jobs that this process, the coordinator of its database,
 * is about to claim: as many as jobs.max_running leaves, none in a database
 * to which workers could not connect.  *ahead becomes the number of further jobs
 * that it may claim for workers which are about to be done.
 *
 * Until cj_worker_unreserve() the coordinator counts as starved, so that a
 * place that becomes free meanwhile is not overlooked.
 */
int
cj_worker_reserve(int *ahead)
{
	CjCoordinatorPlace *mine;
	int			available = 0;

	*ahead = 0;
	if (cj_stay_closed)
		return 0;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = cj_place_find(MyDatabaseId);
	if (mine != NULL)
	{
		available = cj_worker_places_left();
		*ahead = places_expected(available);
		available = Max(available, 0);
		mine->reserved = available;
		mine->starved = true;
	}
	cj_worker_unlock();

	return available;
}

/*
 * Give back what cj_worker_reserve() reserved: "nused" claimed jobs have slots
 * now.  With "more" jobs due than there was place for, the coordinator stays
 * starved.
 *
 * Others are woken only if there is something for them: two coordinators that
 * starve must not wake each other for ever.
 */
void
cj_worker_unreserve(int nused, bool more)
{
	CjCoordinatorPlace *mine;

	cj_worker_lock(LW_EXCLUSIVE);
	mine = cj_place_find(MyDatabaseId);
	if (mine != NULL)
	{
		if (mine->reserved > nused)
			wake_starved(mine, mine->reserved - nused);
		mine->reserved = 0;
		if (!more)
			mine->starved = false;
	}
	cj_worker_unlock();
}
