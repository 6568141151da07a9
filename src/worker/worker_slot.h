/*-------------------------------------------------------------------------
 *
 * worker_slot.h
 *	  Shared memory of the worker room, and the slots of workers.
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

#include "port/atomics.h"
#include "postmaster/bgworker.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/spin.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "worker/worker.h"
#include "worker/worker_place.h"

typedef enum CjSlotState
{
	CJ_SLOT_FREE,
	CJ_SLOT_STARTING,			/* has a job, its process has not begun it */
	CJ_SLOT_BUSY,				/* its process works on the job */
	CJ_SLOT_IDLE,				/* its process waits for a job */
	CJ_SLOT_LEAVING,			/* its idle process was told to exit */
	CJ_SLOT_LOST				/* its process ended and left the job behind */
} CjSlotState;

/* A job that was claimed for a worker before it was done with the one before. */
typedef struct CjNextJob
{
	int64		job_id;			/* 0: none */
	char		type[NAMEDATALEN];
	uint64		generation;		/* of the claim */
	bool		fresh;			/* no worker had ever begun the job before */
	TimestampTz since;			/* when the slot got it */
} CjNextJob;

/*
 * A worker's place.  Guarded by the room's lock, unless a field says otherwise.
 */
typedef struct CjWorkerSlot
{
	CjSlotState state;
	Oid			database;
	Oid			extension;		/* of which the job is */
	Oid			owner;			/* role that the process is authenticated as */
	int			pid;			/* 0: not there yet */
	Latch	   *latch;
	const PgBackendStatus *backend; /* of the process of a BUSY slot */
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

	/* See worker_ahead.c. */
	bool		finishing;		/* nothing but to commit was left of the job */
	CjNextJob	next;

	/* Of a LOST slot: why its process ended; 0: it left by itself. */
	int			error_code;
	char		error[CJ_STATUS_LENGTH];

	slock_t		mutex;			/* guards the fields below */
	bool		progress_new;	/* not yet copied into the table */
	bool		pinned;			/* only the worker may write the job's row */
	double		fraction;
	char		status[CJ_STATUS_LENGTH];
} CjWorkerSlot;

/* What pg_database says of a database. */
typedef enum CjDatabaseStatus
{
	CJ_DATABASE_GONE,
	CJ_DATABASE_CLOSED,			/* it accepts no connections */
	CJ_DATABASE_OPEN
} CjDatabaseStatus;

typedef struct CjWorkerShared
{
	LWLock	   *lock;
	TimestampTz server_start;	/* when this shared memory was made */
	uint64		next_generation;
	CjLauncherShared launcher;
	pg_atomic_uint32 quiet;		/* the launcher is to be woken by who writes */
	int			nslots;
	CjCoordinatorPlace *coordinators;	/* nslots of them, too */
	CjWorkerSlot slots[FLEXIBLE_ARRAY_MEMBER];
} CjWorkerShared;

extern CjWorkerShared *cj_worker_shared;
extern CjWorkerSlot *cj_my_slot;

extern void cj_worker_lock(LWLockMode mode);
extern void cj_worker_unlock(void);
extern bool cj_worker_slots_are_of(Oid extension);
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
extern CjDatabaseStatus cj_database_status(Oid database);

#endif							/* CJ_WORKER_SLOT_H */
