/*-------------------------------------------------------------------------
 *
 * job_state.h
 *	  States of a job and the changes between them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_state.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_STATE_H
#define CJ_JOB_STATE_H

/* In the order of state_table; see src/job/README.md for the diagram. */
typedef enum CjJobState
{
	CJ_JOB_PENDING,
	CJ_JOB_RUNNING,
	CJ_JOB_PAUSED,
	CJ_JOB_PAUSE_REQUESTED,
	CJ_JOB_CANCEL_REQUESTED,
	CJ_JOB_REVERTING,
	CJ_JOB_SUCCEEDED,
	CJ_JOB_FAILED,
	CJ_JOB_CANCELED,
	CJ_JOB_REVERT_FAILED
} CjJobState;

#define CJ_JOB_NSTATES (CJ_JOB_REVERT_FAILED + 1)

extern const char *cj_job_state_name(CjJobState state);
extern CjJobState cj_job_state_parse(const char *name);
extern bool cj_job_state_is_terminal(CjJobState state);
extern bool cj_job_state_is_request(CjJobState state);
extern void cj_job_state_check(CjJobState from, CjJobState to);

#endif							/* CJ_JOB_STATE_H */
