/*-------------------------------------------------------------------------
 *
 * job.h
 *	  A job as the house hands it around.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_H
#define CJ_JOB_H

#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "job/job_api.h"
#include "job/job_state.h"

/* What a job in its clean-up ends as. */
typedef enum CjJobOutcome
{
	CJ_OUTCOME_NONE,			/* the job is not in its clean-up */
	CJ_OUTCOME_FAILED,
	CJ_OUTCOME_CANCELED
} CjJobOutcome;

/* A row of jobs.job, in the memory context of who read it. */
struct CjJob
{
	int64		id;
	char	   *type;
	char	   *description;
	char	   *statement;
	Oid			owner;
	CjJobState	state;
	CjJobOutcome outcome;
	Jsonb	   *arguments;		/* never NULL */
	Jsonb	   *checkpoint;		/* NULL: start from the beginning */
	int			attempts;		/* failed attempts at the work */
	int			max_attempts;
	int			revert_runs;	/* failed attempts at the clean-up */
	int64		timeout;		/* of an attempt, in milliseconds; 0: none */
	uint64		generation;		/* of the claim; 0: not claimed */

	/* For a submission: the kind of what makes it, and its id. */
	const char *created_by_type;	/* NULL: a user */
	int64		created_by_id;

	/*
	 * What the type's resume() tells about the work: nothing of it is left to
	 * commit, something of it has been committed, the tag of the last command
	 * and its rows (-1: not counted).
	 */
	bool		work_committed;
	bool		part_committed; /* what this attempt has done, or a part of it */
	char	   *result_tag;
	int64		result_rows;
};

#endif							/* CJ_JOB_H */
