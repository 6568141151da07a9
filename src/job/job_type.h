/*-------------------------------------------------------------------------
 *
 * job_type.h
 *	  What a job type is, and the registry of them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_type.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_TYPE_H
#define CJ_JOB_TYPE_H

#include "nodes/pg_list.h"

#include "job/job.h"

/* Flags of a job type. */
#define CJ_TYPE_CANCELABLE	0x01	/* CANCEL JOB is allowed */
#define CJ_TYPE_AUTOMATIC	0x02	/* SHOW JOBS leaves it out */
#define CJ_TYPE_RESUMABLE	0x04	/* resume() goes on from the checkpoint */

/*
 * A job type.  A type is a const struct in a file of its own; it is made known
 * with cj_job_type_register() at preload.
 */
typedef struct CjJobType
{
	const char *name;			/* as SHOW JOBS prints it */
	int			flags;			/* CJ_TYPE_... */
	int			max_running;	/* at the same time on a server; 0: no limit */

	/*
	 * Check the arguments in the submitting transaction: what is wrong with
	 * them is raised here, in front of the user.
	 */
	void		(*start) (const CjJob *job);

	/*
	 * Do the work, from job->checkpoint if there is one.  Called in a worker
	 * authenticated as the owner, in a transaction and with an active
	 * portal-less top level; may commit and start transactions.  Returns in a
	 * transaction: what is uncommitted commits together with the job's
	 * success.  Raises an error to fail.
	 */
	void		(*resume) (CjJob *job);

	/*
	 * Undo, for a job that failed or was cancelled after it had started.
	 * Called as resume(); may be called again, so that "already gone" is
	 * done.  NULL, or has_cleanup() returning false: nothing to undo.
	 */
	void		(*on_fail_or_cancel) (CjJob *job);
	bool		(*has_cleanup) (const CjJob *job);

	/* The one-line description, secrets taken out; in the current context. */
	char	   *(*describe) (const CjJob *job);
} CjJobType;

extern void cj_job_type_register(const CjJobType *type);
extern const CjJobType *cj_job_type_find(const char *name);
extern const List *cj_job_type_list(void);
extern bool cj_job_type_needs_cleanup(const CjJob *job);

#endif							/* CJ_JOB_TYPE_H */
