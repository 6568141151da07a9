/*-------------------------------------------------------------------------
 *
 * job_error.h
 *	  Errors about jobs that a user sees, each raised in one place.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_error.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOB_ERROR_H
#define CJ_JOB_ERROR_H

#include "compat.h"
#include "job/job_control.h"
#include "job/job_state.h"

/* The error text of a job that CANCEL JOB stopped. */
#define CJ_JOB_CANCELED_ERROR "job canceled by user"

/* What is added to that in a statement that updates jobs.job, as SQL. */
#define CJ_JOB_SQL_WITH_REASON "coalesce(' with reason: ' || request_reason, '')"

pg_noreturn extern void cj_job_error_not_found(int64 id);
pg_noreturn extern void cj_job_error_not_cancelable(int64 id);
pg_noreturn extern void cj_job_error_no_type(const char *name);
pg_noreturn extern void cj_job_error_unsupported_type(void);
pg_noreturn extern void cj_job_error_wrong_state(CjControlVerb verb, int64 id,
												 CjJobState state);
pg_noreturn extern void cj_job_error_final_resume(int64 id, const char *error);
pg_noreturn extern void cj_job_error_stopped(void);
pg_noreturn extern void cj_job_error_wait_timed_out(void);
extern char *cj_job_error_clip(const char *message);

#endif							/* CJ_JOB_ERROR_H */
