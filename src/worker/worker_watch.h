/*-------------------------------------------------------------------------
 *
 * worker_watch.h
 *	  Waking who looks after what has changed in a database.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_watch.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_WATCH_H
#define CJ_WORKER_WATCH_H

#include "utils/timestamp.h"

/* When to look again at what has changed in a database. */
typedef struct CjWatch
{
	TimestampTz not_before;		/* whatever changes */
	TimestampTz look_at;		/* even if nothing changes; DT_NOEND: never */
	double		needed;			/* so many rows must have changed */
	TimestampTz lazy;			/* from then on, any */
	int64		changes;		/* cj_watch_changes() before the look */
} CjWatch;

/* For who looks, in the coordinator. */
extern int64 cj_watch_changes(void);
extern void cj_watch_set(const CjWatch *watch);
extern void cj_watch_retry(int nintervals);
extern bool cj_watch_is_due(void);

struct CjCoordinatorPlace;

/* For the coordinator and the launcher. */
extern void cj_watch_postpone(void);
extern void cj_watch_begin(struct CjCoordinatorPlace *place);
extern void cj_watch_end(const struct CjCoordinatorPlace *place);
extern void cj_watch_forget(Oid database);
extern void cj_watch_enter(void);
extern bool cj_watch_is_woken(void);
extern long cj_watch_look(TimestampTz now);
extern void cj_watch_init(void);

#endif							/* CJ_WORKER_WATCH_H */
