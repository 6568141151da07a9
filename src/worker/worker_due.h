/*-------------------------------------------------------------------------
 *
 * worker_due.h
 *	  When the launcher is to start the coordinator of which database.
 *
 * Part of the launcher, which alone calls this.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_due.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_DUE_H
#define CJ_WORKER_DUE_H

#include "utils/timestamp.h"

#include "worker/worker_place.h"

typedef struct CjDueDatabase
{
	Oid			database;		/* hash key */
	TimestampTz due;			/* DT_NOEND: when it is woken */
	TimestampTz not_before;		/* after a failure */
	bool		scan;			/* only to look whether there is work */
	bool		parked;			/* until a place for a job becomes free */
	bool		held;			/* a command keeps us out, seen in this turn */
	bool		closed;			/* it accepts no connections, and may have no
								 * work */
	bool		told;			/* that it accepts no connections */
	int			failures;		/* in a row */
} CjDueDatabase;

extern void cj_due_init(void);
extern void cj_due_want(Oid database, TimestampTz due, bool scan);
extern void cj_due_ended(const CjCoordinatorPlace *ended);
extern void cj_due_forget(Oid database);
extern void cj_due_failed(CjDueDatabase *entry);
extern void cj_due_failed_to_start(Oid database);
extern void cj_due_retry_all(void);
extern void cj_due_look_all(void);
extern void cj_due_unpark(int count);
extern int	cj_due_parked(void);
extern void cj_due_begin_turn(void);
extern CjDueDatabase *cj_due_first(TimestampTz now, bool scan_too);
extern TimestampTz cj_due_next(TimestampTz now);

#endif							/* CJ_WORKER_DUE_H */
