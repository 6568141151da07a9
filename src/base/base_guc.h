/*-------------------------------------------------------------------------
 *
 * base_guc.h
 *	  Settings of the extension.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_guc.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_GUC_H
#define CJ_BASE_GUC_H

extern PGDLLIMPORT bool cj_guc_analyze_after_create_statistics;
extern PGDLLIMPORT int cj_guc_automatic_statistics_interval;	/* milliseconds */
extern PGDLLIMPORT int cj_guc_automatic_statistics_timeout; /* milliseconds */
extern PGDLLIMPORT int cj_guc_cancel_grace_period;	/* milliseconds */
extern PGDLLIMPORT int cj_guc_coordinator_idle_timeout; /* milliseconds */
extern PGDLLIMPORT int cj_guc_debug_clock_offset;	/* seconds */
extern PGDLLIMPORT char *cj_guc_debug_pausepoints;
extern PGDLLIMPORT char *cj_guc_debug_selftest;
extern PGDLLIMPORT int cj_guc_debug_wait_limit; /* milliseconds */
extern PGDLLIMPORT int cj_guc_max_attempts;
extern PGDLLIMPORT int cj_guc_max_running;
extern PGDLLIMPORT int cj_guc_max_running_per_owner;	/* 0: no limit */
extern PGDLLIMPORT bool cj_guc_native_syntax;
extern PGDLLIMPORT int cj_guc_retention_max_rows;	/* 0: no limit */
extern PGDLLIMPORT int cj_guc_retention_time;	/* seconds; 0: no limit */
extern PGDLLIMPORT int cj_guc_retry_initial_delay;	/* milliseconds */
extern PGDLLIMPORT int cj_guc_retry_max_delay;	/* milliseconds */
extern PGDLLIMPORT int cj_guc_revert_max_attempts;
extern PGDLLIMPORT bool cj_guc_scheduler_enabled;
extern PGDLLIMPORT int cj_guc_worker_idle_timeout;	/* milliseconds */
extern PGDLLIMPORT bool cj_guc_stats_enabled;
extern PGDLLIMPORT double cj_guc_stats_fraction_stale_rows;
extern PGDLLIMPORT double cj_guc_stats_max_fraction_idle;
extern PGDLLIMPORT int cj_guc_stats_min_stale_rows;

extern void cj_guc_define(void);

#endif							/* CJ_BASE_GUC_H */
