/*-------------------------------------------------------------------------
 *
 * worker_signal.c
 *	  How a committed request reaches the worker that has the job.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/worker/worker_signal.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "miscadmin.h"

#include "base/base_guc.h"
#include "base/base_ids.h"
#include "base/base_wait.h"
#include "job/job_pending.h"
#include "worker/worker_place.h"
#include "worker/worker_signal.h"
#include "worker/worker_slot.h"

/* The longest time to wait for, in milliseconds. */
#define MAX_TIMEOUT (24 * 3600 * 1000)

/* A worker that has not obeyed is signalled again after this, in milliseconds. */
#define RESIGNAL_INTERVAL 100

/*
 * Send a signal to the process group of a worker, and so to the programs it
 * has started, as pg_cancel_backend() does.  Needs the lock, so that the slot
 * cannot pass on to another process meanwhile.
 */
static void
signal_worker(const CjWorkerSlot *slot, int signo)
{
	if (slot->pid == 0)
		return;
#ifdef HAVE_SETSID
	if (kill(-slot->pid, signo) == 0)
		return;
#endif
	(void) kill(slot->pid, signo);
}

/*
 * The process group of a process, and whether it still runs, by /proc; 0 if
 * that cannot be told.  Allocates nothing and raises nothing.
 */
static int
group_of_process(const char *pid)
{
	char		path[64];
	char		line[512];
	const char *rest;
	int			fd;
	int			len;
	char		state;
	int			parent;
	int			group;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	len = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (len <= 0)
		return 0;

	/* The name of the program, in parentheses, can hold anything. */
	line[len] = '\0';
	rest = strrchr(line, ')');
	if (rest == NULL ||
		sscanf(rest, ") %c %d %d", &state, &parent, &group) != 3 ||
		state == 'Z')
		return 0;
	return group;
}

/*
 * Does a slot's worker still work on this claim?  Needs the lock.
 */
static bool
has_claim(const CjWorkerSlot *slot, const CjWorkerSlot *then)
{
	return slot->state == CJ_SLOT_BUSY && slot->pid == then->pid &&
		slot->generation == then->generation;
}

/*
 * Kill the programs that a worker has started and that ignore SIGTERM: the
 * worker waits for them, and so cannot end.  Never the worker itself, for
 * PostgreSQL would answer that with a restart.
 *
 * "then" is a copy of the slot.  What is found is looked at again under the
 * lock, with which the worker cannot go on to another job.
 */
static void
kill_programs(const CjWorkerSlot *slot, const CjWorkerSlot *then)
{
	DIR		   *processes = opendir("/proc");
	struct dirent *process;

	if (processes == NULL)
		return;

	while ((process = readdir(processes)) != NULL)
	{
		int			pid = atoi(process->d_name);

		if (pid <= 0 || pid == then->pid ||
			group_of_process(process->d_name) != then->pid)
			continue;
		cj_worker_lock(LW_SHARED);
		if (has_claim(slot, then) &&
			group_of_process(process->d_name) == then->pid)
			(void) kill(pid, SIGKILL);
		cj_worker_unlock();
	}
	closedir(processes);
}

/*
 * Has the worker of a slot a request that it has not obeyed, or is out of time?
 * Needs the lock.
 */
static bool
disobeys(const CjWorkerSlot *slot)
{
	return slot->state == CJ_SLOT_BUSY && slot->database == MyDatabaseId &&
		(slot->requested || slot->timed_out);
}

/*
 * Interrupt the work of a slot if it is out of time.  Needs the lock,
 * exclusively.  Returns the milliseconds that it has left, -1 if there is no
 * limit to them.
 */
static long
enforce_deadline(CjWorkerSlot *slot)
{
	TimestampTz now = GetCurrentTimestamp();

	if (slot->state != CJ_SLOT_BUSY || slot->database != MyDatabaseId ||
		slot->deadline == 0 || slot->requested || slot->timed_out)
		return -1;
	if (now < slot->deadline)
		return Min((slot->deadline - now) / 1000 + 1, MAX_TIMEOUT);

	slot->timed_out = true;
	slot->requested_at = now;
	signal_worker(slot, SIGINT);
	return -1;
}

/*
 * Make the worker of a slot obey its request: with another signal to cancel,
 * after the grace period with one to terminate.  Needs the lock.  Returns
 * whether a second grace period is over, too.
 */
static bool
enforce_request(const CjWorkerSlot *slot)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz over = TimestampTzPlusMilliseconds(slot->requested_at,
												   cj_guc_cancel_grace_period);

	if (now >= over)
		signal_worker(slot, SIGTERM);
	else if (TimestampDifferenceExceeds(slot->requested_at, now,
										RESIGNAL_INTERVAL))
		signal_worker(slot, SIGINT);
	return TimestampDifferenceExceeds(over, now, cj_guc_cancel_grace_period);
}

/*
 * Interrupt the work of a slot because of a request.  Needs the lock,
 * exclusively.
 *
 * A worker that has not begun finds the request in its job's row.
 */
static void
request_slot(CjWorkerSlot *slot)
{
	if (!slot->requested)
	{
		slot->requested = true;
		slot->requested_at = GetCurrentTimestamp();
	}
	if (slot->state == CJ_SLOT_BUSY)
		signal_worker(slot, SIGINT);
}

/*
 * CjJobCommitHook: after a commit, interrupt the workers of the jobs that
 * requests were made for, and wake the coordinator.
 *
 * A job that was paused and resumed may be in two slots, one of them of a
 * worker that is just putting it away: that one ignores the signal.
 */
static void
after_commit(const int64 *requested, int nrequested, bool others)
{
	if (cj_worker_shared == NULL)
		return;

	if (nrequested > 0)
	{
		cj_worker_lock(LW_EXCLUSIVE);
		for (int i = 0; i < cj_worker_shared->nslots; i++)
		{
			CjWorkerSlot *slot = &cj_worker_shared->slots[i];

			if ((slot->state == CJ_SLOT_BUSY || slot->state == CJ_SLOT_STARTING) &&
				slot->database == MyDatabaseId &&
				cj_ids_contain(requested, nrequested, slot->job_id))
				request_slot(slot);
		}
		cj_worker_unlock();
	}

	/* It takes up what no worker has, and sees to it that workers obey. */
	cj_coordinator_request(MyDatabaseId, requested, nrequested, others);
}

/*
 * Look after the workers of this database that have not obeyed a request, or
 * that take too long.
 *
 * Returns the milliseconds after which to look again, -1 if
 * all have obeyed and none has a limit.
 */
long
cj_worker_enforce_requests(void)
{
	long		timeout = -1;

	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];
		CjWorkerSlot then;
		bool		hopeless = false;
		long		left;

		cj_worker_lock(LW_EXCLUSIVE);
		left = enforce_deadline(slot);
		timeout = cj_shorter(timeout, left);
		if (disobeys(slot))
		{
			hopeless = enforce_request(slot);
			then = *slot;
			timeout = cj_shorter(timeout, RESIGNAL_INTERVAL);
		}
		cj_worker_unlock();
		if (hopeless)
			kill_programs(slot, &then);
	}

	return timeout;
}

/*
 * Make the workers of a database exit that have no job, and with "busy_too"
 * terminate the others; returns how many processes are still there.  Slots
 * that a process left its job in are cleared if "busy_too".
 */
int
cj_worker_slots_leave(Oid database, bool busy_too)
{
	int			left = 0;

	cj_worker_lock(LW_EXCLUSIVE);
	for (int i = 0; i < cj_worker_shared->nslots; i++)
	{
		CjWorkerSlot *slot = &cj_worker_shared->slots[i];

		if (slot->state == CJ_SLOT_FREE || slot->database != database)
			continue;
		if (slot->state == CJ_SLOT_IDLE)
			cj_worker_slot_set_state(slot, CJ_SLOT_LEAVING);
		if (slot->state == CJ_SLOT_LEAVING)
			SetLatch(slot->latch);
		else if (!busy_too)
			continue;
		else if (slot->pid != 0)
			signal_worker(slot, SIGTERM);
		else
		{
			/* lost, or never started: it finds the slot taken back */
			cj_worker_slot_clear_job(slot);
			slot->next.job_id = 0;
			cj_worker_slot_set_state(slot, CJ_SLOT_FREE);
			continue;
		}
		left++;
	}
	cj_worker_unlock();

	return left;
}

/*
 * Install what happens at commit.  Called once, at preload.
 */
void
cj_worker_signal_init(void)
{
	cj_job_pending_init(after_commit);
}
