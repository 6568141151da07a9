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

bool		cj_guc_analyze_after_create_statistics = false;
int			cj_guc_automatic_statistics_interval = 60000;
int			cj_guc_automatic_statistics_timeout = 3600 * 1000;
int			cj_guc_cancel_grace_period = 10000;
int			cj_guc_coordinator_idle_timeout = 10000;
int			cj_guc_debug_clock_offset = 0;
char	   *cj_guc_debug_pausepoints = NULL;
char	   *cj_guc_debug_selftest = NULL;
int			cj_guc_debug_wait_limit = 24 * 60 * 60 * 1000;
int			cj_guc_max_attempts = 5;
int			cj_guc_max_running = 4;
int			cj_guc_max_running_per_owner = 0;
bool		cj_guc_native_syntax = true;
int			cj_guc_retention_max_rows = 1000000;
int			cj_guc_retention_time = 336 * 3600;
int			cj_guc_retry_initial_delay = 1000;
int			cj_guc_retry_max_delay = 60000;
int			cj_guc_revert_max_attempts = 5;
bool		cj_guc_scheduler_enabled = true;
int			cj_guc_worker_idle_timeout = 60000;
bool		cj_guc_stats_enabled = true;
double		cj_guc_stats_fraction_stale_rows = 0.2;
double		cj_guc_stats_max_fraction_idle = 0.9;
int			cj_guc_stats_min_stale_rows = 500;

/*
 * Define the settings, sorted by name.
 *
 * Called once, at preload.
 */
void
cj_guc_define(void)
{
	DefineCustomBoolVariable("jobs.analyze_after_create_statistics",
							 "Has a job collect what a new statistics object of CREATE STATISTICS is about.",
							 "The job starts when the transaction commits.",
							 &cj_guc_analyze_after_create_statistics,
							 false,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.automatic_statistics_interval",
							"Time between two looks at the tables of a database for automatic statistics.",
							"Nothing is looked at while nothing changes.",
							&cj_guc_automatic_statistics_interval,
							60000, 100, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.automatic_statistics_timeout",
							"Time after which an automatic statistics job fails.",
							"It is tried again later.  Zero means no limit.",
							&cj_guc_automatic_statistics_timeout,
							3600 * 1000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.cancel_grace_period",
							"Time a worker has to obey a cancel or pause request before it is terminated.",
							"A worker that goes on for this long after the request, because the job's code ignores it, receives SIGTERM.",
							&cj_guc_cancel_grace_period,
							10000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.coordinator_idle_timeout",
							"Time the coordinator of a database without work waits for more before it exits.",
							"It is started again when it is needed.",
							&cj_guc_coordinator_idle_timeout,
							10000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.debug_clock_offset",
							"Time by which the clock of schedules goes before the server's.",
							"For tests.",
							&cj_guc_debug_clock_offset,
							0, INT_MIN, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S | GUC_NOT_IN_SAMPLE,
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

	DefineCustomIntVariable("jobs.debug_wait_limit",
							"Time after which SHOW JOB WHEN COMPLETE gives up.",
							"For tests.",
							&cj_guc_debug_wait_limit,
							24 * 60 * 60 * 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS | GUC_NOT_IN_SAMPLE,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.max_attempts",
							"Number of times a job is tried that does not say how often.",
							"It is tried again only after an error that may not come again, and if nothing of it was committed.",
							&cj_guc_max_attempts,
							5, 1, INT_MAX,
							PGC_USERSET, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.max_running",
							"Maximum number of jobs that run at the same time on this server.",
							"Each takes one of max_worker_processes.  Jobs beyond the limit wait.",
							&cj_guc_max_running,
							4, 0, 10000,
							PGC_SIGHUP, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.max_running_per_owner",
							"Maximum number of jobs of one owner that run at the same time on this server.",
							"Zero means no limit but jobs.max_running.",
							&cj_guc_max_running_per_owner,
							0, 0, 10000,
							PGC_SIGHUP, 0,
							NULL, NULL, NULL);

	DefineCustomBoolVariable("jobs.native_syntax",
							 "Allows statements such as CANCEL JOB and SHOW JOBS.",
							 "When off, they are syntax errors, and the functions of the schema jobs do the same.",
							 &cj_guc_native_syntax,
							 true,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	/*
	 * CockroachDB's jobs.registry.retry.*: a configuration file takes one
	 * dot.
	 */
	DefineCustomIntVariable("jobs.registry_retry_initial_delay",
							"Time until the second attempt at a job that failed, doubled for each further one.",
							NULL,
							&cj_guc_retry_initial_delay,
							1000, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.registry_retry_max_delay",
							"Longest time between two attempts at a job.",
							NULL,
							&cj_guc_retry_max_delay,
							60000, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.retention_max_rows",
							"Number of finished jobs that are kept in each database.",
							"The oldest ones beyond it are deleted.  Zero means no limit.",
							&cj_guc_retention_max_rows,
							1000000, 0, INT_MAX,
							PGC_SIGHUP, 0,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.retention_time",
							"Time that finished jobs are kept.",
							"Zero means for ever.",
							&cj_guc_retention_time,
							336 * 3600, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.revert_max_attempts",
							"Number of times a job's clean-up is tried before the job becomes revert-failed.",
							NULL,
							&cj_guc_revert_max_attempts,
							5, 1, INT_MAX,
							PGC_SUSET, 0,
							NULL, NULL, NULL);

	/* CockroachDB's jobs.scheduler.enabled. */
	DefineCustomBoolVariable("jobs.scheduler_enabled",
							 "Has schedules start their jobs.",
							 "When it is switched on again, what was missed meanwhile runs once.",
							 &cj_guc_scheduler_enabled,
							 true,
							 PGC_SIGHUP, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("jobs.worker_idle_timeout",
							"Time a worker without a job waits for the next one of the same owner before it exits.",
							NULL,
							&cj_guc_worker_idle_timeout,
							60000, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS,
							NULL, NULL, NULL);

	/*
	 * CockroachDB's sql.stats.automatic_collection.*.  The prefix is not
	 * reserved: others may use it, too.
	 */
	DefineCustomBoolVariable("sql.stats_automatic_collection_enabled",
							 "Has jobs collect the statistics of tables that have changed.",
							 "When it is switched off no job is started; one that runs goes on.",
							 &cj_guc_stats_enabled,
							 true,
							 PGC_SIGHUP, 0,
							 NULL, NULL, NULL);

	DefineCustomRealVariable("sql.stats_automatic_collection_fraction_stale_rows",
							 "Part of a table's rows that has to change before its statistics are collected, beside the minimum.",
							 NULL,
							 &cj_guc_stats_fraction_stale_rows,
							 0.2, 0, 1e6,
							 PGC_SIGHUP, 0,
							 NULL, NULL, NULL);

	DefineCustomRealVariable("sql.stats_automatic_collection_max_fraction_idle",
							 "Part of the time in which an automatic statistics job sleeps.",
							 NULL,
							 &cj_guc_stats_max_fraction_idle,
							 0.9, 0, 0.99,
							 PGC_SIGHUP, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("sql.stats_automatic_collection_min_stale_rows",
							"Number of a table's rows that have to change before its statistics are collected, beside the fraction.",
							NULL,
							&cj_guc_stats_min_stale_rows,
							500, 0, INT_MAX,
							PGC_SIGHUP, 0,
							NULL, NULL, NULL);
}
