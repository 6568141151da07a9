/*-------------------------------------------------------------------------
 *
 * base_wait.c
 *	  Waiting, and the wait events of our processes.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_wait.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "utils/guc.h"

#include "base/base_wait.h"
#include "compat.h"

static const char *const wait_names[] = {
	[CJ_WAIT_LAUNCHER] = "CancelJobLauncherMain",
	[CJ_WAIT_COORDINATOR] = "CancelJobCoordinatorMain",
	[CJ_WAIT_WORKER] = "CancelJobWorkerIdle",
	[CJ_WAIT_DATABASE] = "CancelJobDatabase",
	[CJ_WAIT_PAUSEPOINT] = "CancelJobPausepoint",
	[CJ_WAIT_JOBS] = "CancelJobWaitForJobs",
	[CJ_WAIT_RELOAD] = "CancelJobReload"
};

/*
 * The status with which a process that is told to end while it waits so ends
 * without a word, as is routine when the server stops; -1: it says so.  Only a
 * status other than 0 makes the postmaster start the launcher again.
 */
static const int quiet_status[] = {
	[CJ_WAIT_LAUNCHER] = 1,
	[CJ_WAIT_COORDINATOR] = 0,
	[CJ_WAIT_WORKER] = 0,
	[CJ_WAIT_DATABASE] = -1,
	[CJ_WAIT_PAUSEPOINT] = -1,
	[CJ_WAIT_JOBS] = -1,
	[CJ_WAIT_RELOAD] = -1
};

/*
 * The shorter of two times to wait, in milliseconds; -1 is no limit.
 */
long
cj_shorter(long timeout, long other)
{
	if (other < 0)
		return timeout;
	return timeout < 0 ? other : Min(timeout, other);
}

/*
 * Process interrupts, in a process that has waited, or is about to.
 *
 * Raises what CHECK_FOR_INTERRUPTS() raises, but for the routine end.
 */
void
cj_wait_interrupts(CjWait wait)
{
	if (ProcDiePending && quiet_status[wait] >= 0)
		proc_exit(quiet_status[wait]);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Wait until our latch is set or so many milliseconds have passed, and no longer.
 * Linux may let a wait take a thousandth more, five of them in a process that is
 * nice, up to 100 ms (select_estimate_accuracy() in fs/select.c): so the end of a long
 * wait is a wait of its own.
 */
static void
wait_exactly(int events, long timeout, uint32 wait_event)
{
	long		slack = Min(timeout / 200 + 1, 100);
	instr_time	start;
	instr_time	now;
	long		left;

	INSTR_TIME_SET_CURRENT(start);
	if (timeout > 10 * slack &&
		(WaitLatch(MyLatch, events, timeout - slack, wait_event) & WL_LATCH_SET) != 0)
		return;
	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	left = timeout - (long) INSTR_TIME_GET_MILLISEC(now);
	if (left > 0)
		(void) WaitLatch(MyLatch, events, left, wait_event);
}

/*
 * Wait until our latch is set or "timeout" milliseconds have passed, -1 for
 * no limit; then process interrupts.
 *
 * Raises what cj_wait_interrupts() raises.  A lost postmaster ends the process.
 */
void
cj_wait(CjWait wait, long timeout)
{
	static uint32 events[lengthof(wait_names)];
	int			flags = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;

	if (events[wait] == 0)
		events[wait] = WaitEventExtensionNew(wait_names[wait]);
	if (timeout >= 0)
		wait_exactly(flags | WL_TIMEOUT, timeout, events[wait]);
	else
		(void) WaitLatch(MyLatch, flags, -1, events[wait]);
	ResetLatch(MyLatch);
	cj_wait_interrupts(wait);
}

/*
 * Take a changed configuration over, if there is one.
 */
void
cj_wait_reload(void)
{
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/*
 * As cj_wait(), in a process of ours: it keeps up with changed catalogs and a
 * changed configuration, too.
 */
void
cj_wait_latch(CjWait wait, long timeout)
{
	cj_wait(wait, timeout);
	if (catchupInterruptPending)
		ProcessCatchupInterrupt();
	cj_wait_reload();
}
