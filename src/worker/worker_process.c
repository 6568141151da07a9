/*-------------------------------------------------------------------------
 *
 * worker_process.c
 *	  What our processes have in common for the postmaster.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_process.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "tcop/tcopprot.h"

#include "base/base_extension.h"
#include "worker/worker_process.h"

/*
 * Describe a process of ours, whose main function is "function" and which
 * pg_stat_activity calls "type": with a database connection, started once and
 * no more, and only where jobs can run, not on a standby.
 */
void
cj_process_describe(BackgroundWorker *worker, const char *function,
					const char *type)
{
	memset(worker, 0, sizeof(BackgroundWorker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	worker->bgw_notify_pid = MyProcPid;
	strlcpy(worker->bgw_library_name, CJ_EXTENSION_NAME,
			sizeof(worker->bgw_library_name));
	strlcpy(worker->bgw_function_name, function,
			sizeof(worker->bgw_function_name));
	strlcpy(worker->bgw_name, type, BGW_MAXLEN);
	strlcpy(worker->bgw_type, type, BGW_MAXLEN);
}

/*
 * Begin to listen to signals, in a process of ours that has just started; with
 * a main loop that calls cj_wait_reload() before anything else.
 *
 * PostgreSQL starts a background worker with SIGHUP ignored: a reload of the
 * configuration that came since the fork has been lost, and this process would
 * go by the old one until the next reload.  So it looks itself.
 */
void
cj_process_unblock_signals(void)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	ConfigReloadPending = true;
	BackgroundWorkerUnblockSignals();
}
