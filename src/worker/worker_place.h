/*-------------------------------------------------------------------------
 *
 * worker_place.h
 *	  The places of coordinators in shared memory.
 *
 * Part of the worker room; the room's lock guards everything here.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_place.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_PLACE_H
#define CJ_WORKER_PLACE_H

#include "storage/latch.h"
#include "utils/timestamp.h"

#include "worker/worker_watch.h"

/* As a time until something is due: nothing is. */
#define CJ_NOTHING_DUE (-1L)

/*
 * FREE -> STARTING -> RUNNING -> ENDED -> FREE.  The launcher does every step
 * but those to RUNNING and to ENDED, which are the coordinator's.
 */
typedef enum CjPlaceState
{
	CJ_PLACE_FREE,
	CJ_PLACE_STARTING,			/* the postmaster has been asked for a process */
	CJ_PLACE_RUNNING,
	CJ_PLACE_ENDED				/* the launcher has yet to see what it left */
} CjPlaceState;

/* Jobs that a coordinator is told requests of; more, and it looks at all. */
#define CJ_MAX_REQUESTED 64

typedef struct CjCoordinatorPlace
{
	CjPlaceState state;
	Oid			database;
	int			pid;			/* 0: not running */
	Latch	   *latch;
	TimestampTz since;			/* when it took its state */

	/* What others tell it. */
	bool		woken;			/* it has to look for work again */
	bool		leave;			/* it is to exit, see worker_database.c */
	bool		yield;			/* others wait for its place */
	int			nrequested;		/* CJ_MAX_REQUESTED + 1: too many */
	int64		requested[CJ_MAX_REQUESTED];	/* jobs, since it looked last */

	/* What it tells others. */
	bool		scan;			/* started only to look, and found nothing yet */
	bool		idle;			/* nothing is to be done at present */
	int			reserved;		/* places for jobs that it is claiming */
	bool		starved;		/* jobs are due, but there was no place */
	bool		awaits_end;		/* jobs wait for the end of others */
	bool		watched;		/* changes are watched */
	CjWatch		watch;			/* how, if they are */

	/* What an ENDED one has left. */
	bool		failed;			/* it did not end by its own will */
	bool		lasted;			/* before that it worked for some time */
	TimestampTz due;			/* when to start the next; DT_NOEND: when
								 * woken */
} CjCoordinatorPlace;

/* A database that wants a coordinator and has none. */
typedef struct CjWantedDatabase
{
	Oid			database;
	bool		scan;			/* only to look */
} CjWantedDatabase;

/*
 * Beyond that many the launcher looks at all databases instead; few in a build
 * for tests, so that they see it.
 */
#ifdef USE_ASSERT_CHECKING
#define CJ_WANTED_MAX 8
#else
#define CJ_WANTED_MAX 256
#endif

/* Beyond that many commands on whole databases some do without. */
#define CJ_HELD_MAX 32

/* What the launcher is told. */
typedef struct CjLauncherShared
{
	Latch	   *latch;			/* NULL: it does not run */
	bool		scan;			/* look at all databases */
	bool		recheck;		/* a database may accept connections again */
	bool		waiting;		/* it waits for a coordinator to become idle */
	int			nparked;		/* databases that wait for a job's place */
	int			nfreed;			/* such places that have become free since */
	int			nwanted;
	CjWantedDatabase wanted[CJ_WANTED_MAX];
	Oid			held[CJ_HELD_MAX];	/* databases to keep out of */
} CjLauncherShared;

/* For everybody. */
extern CjCoordinatorPlace *cj_place_find(Oid database);
extern void cj_launcher_wake(void);
extern long cj_place_ask_to_yield(bool scans_only);
extern bool cj_place_hold(Oid database);
extern void cj_place_release(Oid database);
extern bool cj_place_is_held(Oid database);
extern void cj_coordinator_want(Oid database, bool scan);
extern void cj_coordinator_wake(Oid database);
extern void cj_coordinator_notify(Oid database);
extern void cj_coordinator_request(Oid database, const int64 *ids, int nids,
								   bool all);
extern int	cj_coordinator_take_requested(int64 *ids);
extern void cj_coordinator_place_freed(Oid database, bool wanted);
extern void cj_coordinator_place_expected(Oid database);
extern void cj_coordinator_place_passed(Oid database);
extern void cj_coordinator_await_end(bool awaits_end);
extern int	cj_worker_places_left(void);
extern int	cj_worker_reserve(int *ahead);
extern void cj_worker_unreserve(int nused, bool more);

/* For a coordinator: its stay in its place, worker_stay.c. */
extern bool cj_stay_closed;
extern void cj_stay_enter(int index, Oid database);
extern bool cj_stay_begin_turn(void);
extern long cj_stay_timeout(long due);
extern void cj_stay_end(long due);

#endif							/* CJ_WORKER_PLACE_H */
