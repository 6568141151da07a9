/*-------------------------------------------------------------------------
 *
 * worker_slot.h
 *	  Shared memory of the worker room: coordinators and worker slots.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_slot.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_SLOT_H
#define CJ_WORKER_SLOT_H

#include "postmaster/bgworker.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "worker/worker.h"

typedef enum CjSlotState
{
	CJ_SLOT_FREE,
	CJ_SLOT_STARTING,			/* has a job, its process has not begun it */
	CJ_SLOT_BUSY,				/* its process works on the job */
	CJ_SLOT_IDLE,				/* its process waits for a job */
	CJ_SLOT_LEAVING,			/* its idle process was told to exit */
	CJ_SLOT_LOST				/* its process ended and left the job behind */
} CjSlotState;

/*
 * A worker's place.  Guarded by the room's lock, unless a field says otherwise.
 */
typedef struct CjWorkerSlot
{
	CjSlotState state;
	Oid			database;
	Oid			owner;			/* role that the process is authenticated as */
	int			pid;			/* 0: not there yet */
	Latch	   *latch;
	int64		job_id;
	char		type[NAMEDATALEN];	/* of the job */
	uint64		generation;		/* of the claim; never used twice */
	bool		fresh;			/* no worker had ever begun the job before */
	bool		begun;			/* the process has begun the job */
	bool		requested;		/* a request for the job was committed */
	TimestampTz requested_at;
	TimestampTz deadline;		/* the attempt may take until then; 0: no
								 * limit */
	bool		timed_out;		/* it has taken longer */
	TimestampTz since;			/* when the slot took its state */

	/* Of a LOST slot: why its process ended; 0: it left by itself. */
	int			error_code;
	char		error[CJ_STATUS_LENGTH];

	slock_t		mutex;			/* guards the fields below */
	bool		progress_new;	/* not yet copied into the table */
	bool		pinned;			/* only the worker may write the job's row */
	double		fraction;
	char		status[CJ_STATUS_LENGTH];
} CjWorkerSlot;

/* Jobs that a coordinator is told requests of; more, and it looks at all. */
#define CJ_MAX_REQUESTED 64

/*
 * The place of a database's coordinator.  Guarded by the room's lock.
 */
typedef struct CjCoordinatorSlot
{
	Oid			database;		/* InvalidOid: free */
	int			pid;			/* 0: not running */
	Latch	   *latch;
	bool		woken;			/* it has to look for work again */
	bool		wanted;			/* the launcher is to start it */
	bool		starting;		/* the postmaster has been asked to */
	bool		leave;			/* it is to exit, see worker_database.c */
	TimestampTz not_before;		/* the launcher waits until then */
	int			reserved;		/* places for jobs that it is claiming */
	bool		starved;		/* jobs are due, but there was no place */
	int			nrequested;		/* CJ_MAX_REQUESTED + 1: too many */
	int64		requested[CJ_MAX_REQUESTED];	/* jobs, since it looked last */
} CjCoordinatorSlot;

typedef struct CjWorkerShared
{
	LWLock	   *lock;
	TimestampTz server_start;	/* when this shared memory was made */
	uint64		next_generation;
	Latch	   *launcher;
	bool		scan_databases; /* the launcher is to look at all databases */
	int			nslots;
	CjCoordinatorSlot *coordinators;	/* nslots of them, too */
	CjWorkerSlot slots[FLEXIBLE_ARRAY_MEMBER];
} CjWorkerShared;

extern CjWorkerShared *cj_worker_shared;
extern CjWorkerSlot *cj_my_slot;

extern void cj_worker_lock(LWLockMode mode);
extern void cj_worker_unlock(void);
extern CjCoordinatorSlot *cj_coordinator_slot(Oid database, bool create);
extern void cj_coordinator_wake(Oid database);
extern void cj_coordinator_request(Oid database, const int64 *ids, int nids);
extern int	cj_coordinator_take_requested(int64 *ids);
extern void cj_coordinator_wake_starved(void);
extern int	cj_worker_reserve(void);
extern void cj_worker_unreserve(int nused, bool more);
extern void cj_worker_slot_set_state(CjWorkerSlot *slot, CjSlotState state);
extern void cj_worker_slot_clear_job(CjWorkerSlot *slot);
extern void cj_worker_slot_set_deadline(CjWorkerSlot *slot, int64 timeout);
extern bool cj_worker_slot_clear_deadline(CjWorkerSlot *slot);
extern void cj_worker_slot_progress(CjWorkerSlot *slot, double *fraction,
									char *status);

/* Entries into the room's other files. */
extern void cj_launcher_register(void);
extern BackgroundWorkerHandle *cj_coordinator_start(int index, Oid database);
extern BackgroundWorkerHandle *cj_worker_start(int index, uint64 generation);
extern void cj_worker_run_job(CjWorkerSlot *slot);
extern void cj_worker_capture_output(void);
extern const char *cj_worker_last_error(int *sqlerrcode);
extern void cj_database_hook_init(void);

#endif							/* CJ_WORKER_SLOT_H */
