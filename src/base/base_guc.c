/*-------------------------------------------------------------------------
 *
 * base_guc.c
 *	  Settings of the extension.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_guc.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/base_guc.h"

int			cj_guc_cancel_grace_period = 10000;
char	   *cj_guc_debug_pausepoints = NULL;
char	   *cj_guc_debug_selftest = NULL;
int			cj_guc_max_running = 4;
bool		cj_guc_native_syntax = true;
int			cj_guc_revert_max_attempts = 5;
int			cj_guc_worker_idle_timeout = 60000;

/*
 * Define the settings, sorted by name.
 *
 * Called once, at preload.
 */
void
cj_guc_define(void)
{
	DefineCustomIntVariable("jobs.cancel_grace_period",
							"Time a worker has to obey a cancel or pause request before it is terminated.",
							"A worker that goes on for this long after the request, because the job's code ignores it, receives SIGTERM.",
							&cj_guc_cancel_grace_period,
							10000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomStringVariable("jobs.debug_pausepoints",
							   "Comma-separated names of the points at which processes of cancel_job wait.",
							   "For tests: a process that reaches a named point goes on when the name is taken out.",
							   &cj_guc_debug_pausepoints,
							   "",
							   PGC_SIGHUP, GUC_NOT_IN_SAMPLE,
							   NULL, NULL, NULL);

	DefineCustomStringVariable("jobs.debug_selftest",
							   "What becomes of the self-test of native syntax at server start: empty, \"fail\" or \"crash\".",
							   "For tests.",
							   &cj_guc_debug_selftest,
							   "",
							   PGC_POSTMASTER, GUC_NOT_IN_SAMPLE,
							   NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.max_running",
							"Maximum number of jobs that run at the same time on this server.",
							"Each takes one of max_worker_processes.  Jobs beyond the limit wait.",
							&cj_guc_max_running,
							4, 0, 10000,
							PGC_SIGHUP, 0,
							NULL, NULL, NULL);

	DefineCustomBoolVariable("jobs.native_syntax",
							 "Allows statements such as CANCEL JOB and SHOW JOBS.",
							 "When off, they are syntax errors, and the functions of the schema jobs do the same.",
							 &cj_guc_native_syntax,
							 true,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.revert_max_attempts",
							"Number of times a job's clean-up is tried before the job becomes revert-failed.",
							NULL,
							&cj_guc_revert_max_attempts,
							5, 1, INT_MAX,
							PGC_SUSET, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.worker_idle_timeout",
							"Time a worker without a job waits for the next one of the same owner before it exits.",
							NULL,
							&cj_guc_worker_idle_timeout,
							60000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);
}
