/*-------------------------------------------------------------------------
 *
 * job_state.c
 *	  States of a job and the changes between them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_state.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "job/job_state.h"

#define BIT(state) (1U << (state))

typedef struct StateInfo
{
	const char *name;
	uint32		next;			/* the states that may follow */
} StateInfo;

static const StateInfo state_table[CJ_JOB_NSTATES] = {
	[CJ_JOB_PENDING] = {
		"pending",
		/* canceled, at once: a dependency failed, or the database is a copy */
		BIT(CJ_JOB_RUNNING) | BIT(CJ_JOB_PAUSE_REQUESTED) |
		BIT(CJ_JOB_CANCEL_REQUESTED) | BIT(CJ_JOB_FAILED) |
		BIT(CJ_JOB_CANCELED)
	},
	[CJ_JOB_RUNNING] = {
		"running",
		/* itself: an attempt failed and there will be another */
		BIT(CJ_JOB_PENDING) | BIT(CJ_JOB_RUNNING) | BIT(CJ_JOB_SUCCEEDED) | BIT(CJ_JOB_REVERTING) |
		BIT(CJ_JOB_FAILED) | BIT(CJ_JOB_PAUSE_REQUESTED) |
		BIT(CJ_JOB_CANCEL_REQUESTED) | BIT(CJ_JOB_CANCELED) |
		/* when no worker can be had for the clean-up */
		BIT(CJ_JOB_REVERT_FAILED)
	},
	[CJ_JOB_PAUSED] = {
		"paused",
		BIT(CJ_JOB_RUNNING) | BIT(CJ_JOB_REVERTING) |
		BIT(CJ_JOB_CANCEL_REQUESTED)
	},
	[CJ_JOB_PAUSE_REQUESTED] = {
		"pause-requested",
		BIT(CJ_JOB_PAUSED) | BIT(CJ_JOB_SUCCEEDED) | BIT(CJ_JOB_FAILED) |
		BIT(CJ_JOB_CANCELED) | BIT(CJ_JOB_REVERT_FAILED)
	},
	[CJ_JOB_CANCEL_REQUESTED] = {
		"cancel-requested",
		BIT(CJ_JOB_REVERTING) | BIT(CJ_JOB_CANCELED) | BIT(CJ_JOB_SUCCEEDED)
	},
	[CJ_JOB_REVERTING] = {
		"reverting",
		/* itself: the clean-up failed and will be tried again */
		BIT(CJ_JOB_REVERTING) | BIT(CJ_JOB_FAILED) | BIT(CJ_JOB_CANCELED) |
		BIT(CJ_JOB_REVERT_FAILED) | BIT(CJ_JOB_PAUSE_REQUESTED)
	},
	[CJ_JOB_SUCCEEDED] = {"succeeded", 0},
	[CJ_JOB_FAILED] = {"failed", 0},
	[CJ_JOB_CANCELED] = {"canceled", 0},
	[CJ_JOB_REVERT_FAILED] = {"revert-failed", BIT(CJ_JOB_REVERTING)}
};

/*
 * The name of a state, as SHOW JOBS prints it.
 */
const char *
cj_job_state_name(CjJobState state)
{
	Assert(state >= 0 && state < CJ_JOB_NSTATES);
	return state_table[state].name;
}

/*
 * The state of this name.
 */
CjJobState
cj_job_state_parse(const char *name)
{
	for (int i = 0; i < CJ_JOB_NSTATES; i++)
	{
		if (strcmp(state_table[i].name, name) == 0)
			return (CjJobState) i;
	}
	elog(ERROR, "unrecognized job state: \"%s\"", name);
	return CJ_JOB_PENDING;		/* keep compiler quiet */
}

/*
 * Does nothing happen any more to a job in this state?
 */
bool
cj_job_state_is_terminal(CjJobState state)
{
	return state == CJ_JOB_SUCCEEDED || state == CJ_JOB_FAILED ||
		state == CJ_JOB_CANCELED || state == CJ_JOB_REVERT_FAILED;
}

/*
 * Is this state a request, which is still to be carried out?
 */
bool
cj_job_state_is_request(CjJobState state)
{
	return state == CJ_JOB_CANCEL_REQUESTED || state == CJ_JOB_PAUSE_REQUESTED;
}

/*
 * Raise an internal error if "to" may not follow "from".
 */
void
cj_job_state_check(CjJobState from, CjJobState to)
{
	if ((state_table[from].next & BIT(to)) == 0)
		elog(ERROR, "job state cannot change from %s to %s",
			 cj_job_state_name(from), cj_job_state_name(to));
}
