/*-------------------------------------------------------------------------
 *
 * schedule_store.h
 *	  Reading and writing schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_STORE_H
#define CJ_SCHEDULE_STORE_H

#include "privilege/privilege_job.h"
#include "schedule/schedule.h"

/* After this, in milliseconds, what somebody has locked is looked at again. */
#define CJ_SCHEDULE_LOCKED_INTERVAL 1000

/* What there is to do. */
typedef struct CjScheduleLook
{
	TimestampTz next_run;		/* the first; CJ_NO_TIME: none */
	bool		is_copy;		/* that one belongs to another database */
	bool		from_future;	/* one was planned at a time that is to come */
	bool		unfinished;		/* there are runs that have not ended */
} CjScheduleLook;

extern void cj_schedule_store_look(TimestampTz now, CjScheduleLook *look);
extern int64 cj_schedule_store_insert(const CjSchedule *schedule,
									  TimestampTz now);
extern bool cj_schedule_store_has_label(const char *label);
extern int	cj_schedule_store_due(TimestampTz now, int limit,
								  CjSchedule **schedules);
extern int	cj_schedule_store_from_future(TimestampTz now, int limit,
										  CjSchedule **schedules);
extern int	cj_schedule_store_lock(const int64 *ids, int nids,
								   CjPrivileges *privileges, CjSchedule **schedules);
extern void cj_schedule_store_read_work(CjSchedule *schedule);
extern CjSchedule *cj_schedule_store_lock_free(int64 id, bool *exists);
extern bool cj_schedule_store_owner(int64 id, Oid *owner, bool *held);
extern void cj_schedule_store_plan(int64 id, TimestampTz next_run,
								   const char *state, TimestampTz now);
extern void cj_schedule_store_put_off(int64 id, TimestampTz next_run, TimestampTz due,
									  TimestampTz following, const char *state,
									  TimestampTz now);
extern void cj_schedule_store_adopt(int64 id, int64 companion);
extern void cj_schedule_store_disown(int64 id);
extern uint64 cj_schedule_store_delete(const int64 *ids, int nids);
extern bool cj_schedule_store_pause_copies(void);
extern int64 cj_schedule_store_reassign(Oid from, Oid to, bool hold,
										const char *state, TimestampTz now);
extern int64 cj_schedule_store_drop_owned(Oid owner);

#endif							/* CJ_SCHEDULE_STORE_H */
