/*-------------------------------------------------------------------------
 *
 * job_api.h
 *	  What other extensions use to bring job types of their own.
 *
 * This is the one installed header: include it behind postgres.h as
 * "extension/cancel_job/job_api.h".  Nothing has to be linked, and the two
 * libraries may be loaded in any order; they find each other by a rendezvous
 * variable.  doc/job_types.md in the source of cancel_job is the manual, with
 * an example.
 *
 * A library that was built for another version of this interface is refused
 * when it registers its type.  (One that was built for another major of
 * PostgreSQL does not come that far: PG_MODULE_MAGIC sees to that.)
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_api.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_API_H
#define CJ_JOB_API_H

#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/*
 * The version of everything below.  Members that are added at the end of
 * CjJobType or CjJobApi leave it as it is, since both come with their sizes.
 */
#define CJ_JOB_API_VERSION 1

/* Flags of a job type. */
#define CJ_TYPE_CANCELABLE	0x01	/* CANCEL JOB is allowed */
#define CJ_TYPE_AUTOMATIC	0x02	/* SHOW JOBS leaves it out */
#define CJ_TYPE_RESUMABLE	0x04	/* resume() goes on from the checkpoint */

/* A job; CjJobApi has functions for what is in it. */
typedef struct CjJob CjJob;

/*
 * A job type.  What may be NULL says so.
 */
typedef struct CjJobType
{
	const char *name;			/* as SHOW JOBS prints it: printable ASCII */
	int			flags;			/* CJ_TYPE_... */
	int			max_running;	/* at the same time on a server; 0: no limit */

	/*
	 * Check the arguments in the submitting transaction: what is wrong with
	 * them is raised here, in front of the user.  NULL: nothing to check.
	 */
	void		(*start) (const CjJob *job);

	/*
	 * Do the work, from the checkpoint if there is one.  Called in a worker
	 * authenticated as the owner, in a transaction, with no active snapshot,
	 * and with a memory context that lives as long as the run.  May commit in
	 * between, with save_checkpoint() and commit().  Returns in a
	 * transaction: what is uncommitted commits together with the job's
	 * success.  Raises an error to fail.
	 */
	void		(*resume) (CjJob *job);

	/*
	 * Undo, for a job that failed or was cancelled after it had started.
	 * Called as resume(), but possibly in another process, and again after it
	 * has failed, so that "already gone" is done.  NULL, or has_cleanup()
	 * returning false: nothing to undo.  has_cleanup() may look at the job
	 * and at nothing else, and must not fail; NULL: there always is.
	 */
	void		(*on_fail_or_cancel) (CjJob *job);
	bool		(*has_cleanup) (const CjJob *job);

	/*
	 * The one-line description, secrets taken out; in the current context.
	 * NULL: the statement.
	 */
	char	   *(*describe) (const CjJob *job);
} CjJobType;

/*
 * When and how a job is to run, as the parameters of jobs.submit() say it.  All
 * zero: at once, and as often as jobs.max_attempts allows.
 */
typedef struct CjJobPlan
{
	int			max_attempts;	/* 0: jobs.max_attempts */
	Interval   *timeout;		/* of an attempt; NULL: none */
	TimestampTz start_at;		/* 0: at once */
	int			priority;
	const char *exclusive_key;	/* NULL: none */
	bool		refuse;			/* if an unfinished job has the key */
	int64	   *depends_on;		/* ids of jobs */
	int			ndepends_on;
	bool		run_after_failure;	/* of those jobs */
} CjJobPlan;

/* A job to be submitted. */
typedef struct CjJobSubmission
{
	const char *type;			/* name of the type */
	const char *description;	/* NULL: what the type's describe() says */
	const char *statement;		/* as SHOW JOB prints it, secrets taken out;
								 * NULL: empty */
	Jsonb	   *arguments;		/* in the form of the type; NULL: {} */
	CjJobPlan	plan;
} CjJobSubmission;

/*
 * How a type is handed over.  This never changes, so that a library of any
 * version can be told that it is refused.
 */
typedef struct CjJobTypeRegistration
{
	uint32		version;		/* CJ_JOB_API_VERSION of the library */
	uint32		type_size;		/* its sizeof(CjJobType) */
	const char *library;		/* its name, for messages */
	const CjJobType *type;
	struct CjJobTypeRegistration *next;
} CjJobTypeRegistration;

/*
 * The functions that a job type can call.  The first three members never
 * change.
 */
typedef struct CjJobApi
{
	uint32		version;		/* CJ_JOB_API_VERSION of cancel_job */
	uint32		size;			/* its sizeof(CjJobApi) */

	/*
	 * Make a type known in this process; use cj_job_api_register().  A type
	 * that is refused is an error, or while the postmaster loads libraries a
	 * warning in the server log.
	 */
	void		(*register_type) (const CjJobTypeRegistration *registration);

	/*
	 * Submit a job of the current user, in whatever session has the library
	 * loaded, and return its id.  A part of the caller's transaction.
	 */
	int64		(*submit) (const CjJobSubmission *submission);

	/*
	 * What a job is.  The results belong to the job and are not to be
	 * changed; its checkpoint is NULL until there is one, and is freed when
	 * the next is saved.  is_canceled() is for on_fail_or_cancel():
	 * cancelled, or else failed?
	 */
	int64		(*get_id) (const CjJob *job);
	Oid			(*get_owner) (const CjJob *job);
	const char *(*get_statement) (const CjJob *job);
	const char *(*get_description) (const CjJob *job);
	Jsonb	   *(*get_arguments) (const CjJob *job);
	Jsonb	   *(*get_checkpoint) (const CjJob *job);
	bool		(*is_canceled) (const CjJob *job);

	/*
	 * From here on, only for the job whose resume() or on_fail_or_cancel() is
	 * under way in this process.
	 *
	 * report_progress(): a fraction of 0 to 1, negative to leave it, and a
	 * text, NULL to leave it; seen by others at once, and cheap.
	 *
	 * add_message(): a line for jobs.messages; elevel is NOTICE or WARNING.
	 * Seen when the job commits, or fails.
	 *
	 * set_result(): what jobs.jobs shows of a job that succeeds, a tag and a
	 * number, -1 for none.
	 */
	void		(*report_progress) (CjJob *job, double fraction, const char *status);
	void		(*add_message) (CjJob *job, int elevel, const char *message);
	void		(*set_result) (CjJob *job, const char *tag, int64 rows);

	/*
	 * Commit what has been done since the last commit, together with a new
	 * checkpoint or without, and start another transaction: both are there
	 * after a crash, or neither is, and the next run goes on from the last
	 * checkpoint that was committed.  If the job was cancelled or paused
	 * meanwhile nothing is committed: query_canceled is raised.
	 *
	 * Not within a subtransaction, a procedure or SPI, nor with an active
	 * snapshot.  Afterwards the memory context is the one that the callback
	 * began with.
	 */
	void		(*save_checkpoint) (CjJob *job, const Jsonb *checkpoint);
	void		(*commit) (CjJob *job);
} CjJobApi;

/* The rendezvous variables: a CjJobApi, and a list of CjJobTypeRegistration. */
#define CJ_JOB_API_VARIABLE "cancel_job"
#define CJ_JOB_API_WAITING_VARIABLE "cancel_job waiting types"

/*
 * Register a job type, to be called once for each in _PG_init().  "type" and
 * "library", the library's name, must stay.
 *
 * If cancel_job has not been loaded yet, it takes the type up when it is; if
 * it never is, nothing happens.  Otherwise raises what register_type() does.
 */
static inline void
cj_job_api_register(const char *library, const CjJobType *type)
{
	const CjJobApi *api;
	void	  **waiting;
	CjJobTypeRegistration *registration;

	registration = (CjJobTypeRegistration *)
		MemoryContextAllocZero(TopMemoryContext, sizeof(CjJobTypeRegistration));
	registration->version = CJ_JOB_API_VERSION;
	registration->type_size = sizeof(CjJobType);
	registration->library = library;
	registration->type = type;

	api = (const CjJobApi *) *find_rendezvous_variable(CJ_JOB_API_VARIABLE);
	if (api != NULL)
	{
		api->register_type(registration);
		return;
	}
	waiting = find_rendezvous_variable(CJ_JOB_API_WAITING_VARIABLE);
	registration->next = (CjJobTypeRegistration *) *waiting;
	*waiting = registration;
}

/*
 * The functions of cancel_job, for use in a session or a worker, not in
 * _PG_init().
 *
 * Raises an error if the server does not preload cancel_job, or if what it has
 * preloaded is another version than this header's.
 */
static inline const CjJobApi *
cj_job_api(void)
{
	const CjJobApi *api;

	api = (const CjJobApi *) *find_rendezvous_variable(CJ_JOB_API_VARIABLE);
	if (api == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cancel_job must be loaded via shared_preload_libraries")));
	if (api->version != CJ_JOB_API_VERSION || api->size < sizeof(CjJobApi))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("library was built for another version of cancel_job"),
				 errdetail("It needs version %u of the interface for job types, with %u bytes; the server has version %u, with %u bytes.",
						   CJ_JOB_API_VERSION, (uint32) sizeof(CjJobApi),
						   api->version, api->size),
				 errhint("Build it with the header of the cancel_job that is installed, and restart the server if cancel_job was upgraded.")));
	return api;
}

#endif							/* CJ_JOB_API_H */
