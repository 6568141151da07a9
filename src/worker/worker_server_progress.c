/*-------------------------------------------------------------------------
 *
 * worker_server_progress.c
 *	  How far the server says that a worker is with the command that it runs.
 *
 * PostgreSQL counts what an ANALYZE, VACUUM, CREATE INDEX, CLUSTER or COPY has
 * done, and shows that in pg_stat_progress_analyze and its like.  To read these
 * views would cost a third of SHOW JOBS, and they tell only who has the process's
 * rights; so the counters are read where they are.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_server_progress.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/progress.h"
#include "miscadmin.h"

#include "compat.h"
#include "worker/worker_server_progress.h"

/* What a command has done of what: indexes of its counters. */
typedef struct ProgressCounters
{
	ProgressCommandType command;
	int			done;
	int			total;
} ProgressCounters;

/* Of a command's several ones the first counts that has a total. */
static const ProgressCounters counters[] = {
	{PROGRESS_COMMAND_ANALYZE, PROGRESS_ANALYZE_BLOCKS_DONE, PROGRESS_ANALYZE_BLOCKS_TOTAL},
	{PROGRESS_COMMAND_VACUUM, PROGRESS_VACUUM_HEAP_BLKS_SCANNED, PROGRESS_VACUUM_TOTAL_HEAP_BLKS},
	{PROGRESS_COMMAND_CREATE_INDEX, PROGRESS_SCAN_BLOCKS_DONE, PROGRESS_SCAN_BLOCKS_TOTAL},
	{PROGRESS_COMMAND_CREATE_INDEX, PROGRESS_CREATEIDX_TUPLES_DONE, PROGRESS_CREATEIDX_TUPLES_TOTAL},
	{PROGRESS_COMMAND_REPACK, PROGRESS_REPACK_HEAP_BLKS_SCANNED, PROGRESS_REPACK_TOTAL_HEAP_BLKS},
	{PROGRESS_COMMAND_COPY, PROGRESS_COPY_BYTES_PROCESSED, PROGRESS_COPY_BYTES_TOTAL}
};

/*
 * Read the counters of a process, all of the same moment.
 */
static ProgressCommandType
read_counters(const volatile PgBackendStatus *backend, int64 *params)
{
	for (;;)
	{
		int			before;
		int			after;
		ProgressCommandType command;

		pgstat_begin_read_activity(backend, before);
		command = backend->st_progress_command;
		for (int i = 0; i < PGSTAT_NUM_PROGRESS_PARAM; i++)
			params[i] = backend->st_progress_param[i];
		pgstat_end_read_activity(backend, after);
		if (pgstat_read_activity_complete(before, after))
			return command;
	}
}

/*
 * How far a worker is with its command, or the present phase of it, from 0 to 1;
 * negative where the server says nothing.  The worker must not leave its slot
 * meanwhile: needs the lock.
 */
double
cj_worker_server_progress(const PgBackendStatus *backend)
{
	int64		params[PGSTAT_NUM_PROGRESS_PARAM];
	ProgressCommandType command = read_counters(backend, params);
	double		fraction = -1;

	for (int i = 0; i < lengthof(counters) && fraction < 0; i++)
	{
		if (counters[i].command == command && params[counters[i].total] > 0)
			fraction = (double) params[counters[i].done] / params[counters[i].total];
	}

	/* The sample of a tree of tables is taken from one after the other. */
	if (command == PROGRESS_COMMAND_ANALYZE && params[PROGRESS_ANALYZE_CHILD_TABLES_TOTAL] > 0)
		fraction = (params[PROGRESS_ANALYZE_CHILD_TABLES_DONE] + Max(fraction, 0)) /
			params[PROGRESS_ANALYZE_CHILD_TABLES_TOTAL];
	return Min(fraction, 1);
}
