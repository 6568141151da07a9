/*-------------------------------------------------------------------------
 *
 * worker_turn.h
 *	  What the coordinator does in a turn, a file for each.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_turn.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_WORKER_TURN_H
#define CJ_WORKER_TURN_H

/* What could not be started is tried again after this, in milliseconds. */
#define CJ_RETRY_INTERVAL 1000

/* A row that somebody has locked is looked at again after this, at the latest. */
#define CJ_LOCKED_INTERVAL 1000

extern void cj_turn_begin(void);
extern long cj_turn_take_over_jobs(void);
extern long cj_turn_distribute_jobs(bool *awaits_end);
extern void cj_turn_note_requested(int64 id);
extern void cj_turn_note_all_requested(void);
extern void cj_turn_check_owners(void);
extern long cj_turn_delete_old_jobs(void);
extern long cj_turn_copy_progress(void);

#endif							/* CJ_WORKER_TURN_H */
