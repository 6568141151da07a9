#!/usr/bin/python3
# Private memory of an idle worker, after a trivial job; against a session of the
# same server after the same statement.  A second after its last job a worker gives
# the memory of plans and caches back: that is waited for.
#
# Counted are the private pages of a process (smaps): not shared ones, nor those of
# the shared memory, which count as private as long as no other process has looked
# at them.  Workers and sessions are taken at the same time, in pairs.
import re
import time

from benchjobs import TRIVIAL, submit, wait_until_all
from benchlib import Session, difference_of_quantiles, no_worker_is_busy, row, say

PAIRS = 8
LIMIT = 0.3             # the goal, in MB
KEY = 1
MB = 1024 * 1024
WORKERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'cancel_job worker'"


def private_memory(pid):
    """In bytes."""
    total = 0
    counts = False
    with open(f"/proc/{pid}/smaps") as lines:
        for line in lines:
            mapping = re.match(r"[0-9a-f]+-[0-9a-f]+ ...(.) ", line)
            if mapping:
                counts = mapping.group(1) == "p"
            elif counts and line.startswith(("Private_Clean:", "Private_Dirty:")):
                total += 1024 * int(line.split()[1])
    return total


def start_workers():
    """So many workers, each of which has run one job: none ends before all
    have begun."""
    control.run("SELECT pg_advisory_lock(%s)", KEY)
    jobs = submit(control, PAIRS, f"SELECT pg_advisory_xact_lock_shared({KEY})")
    control.wait("SELECT count(*) = %s FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", PAIRS)
    control.run("SELECT pg_advisory_unlock(%s)", KEY)
    wait_until_all(control, jobs, "succeeded")
    no_worker_is_busy(control)
    control.run(WORKERS)
    pids = [pid for pid, in control.cursor.fetchall()]
    if len(pids) != PAIRS:
        raise AssertionError(f"there are {len(pids)} workers")
    return pids


def start_sessions():
    sessions = [Session() for _ in range(PAIRS)]
    for session in sessions:
        session.run(f"SELECT pg_advisory_xact_lock_shared({KEY})")
    return sessions


say(TRIVIAL)
control = Session()
control.set_server("jobs.max_running", str(PAIRS))
control.set_server("jobs.worker_idle_timeout", "10min")
workers = start_workers()
sessions = start_sessions()
time.sleep(3)
pairs = [(private_memory(worker) / MB, private_memory(session.connection.get_backend_pid()) / MB)
         for worker, session in zip(workers, sessions)]
ours, theirs, more, low, high = difference_of_quantiles(pairs, 0.5)
row("private memory: idle worker", f"{ours:.2f} MB", f"{theirs:.2f} MB", f"{more:+.2f} ({low:+.2f}..{high:+.2f} MB)",
    PAIRS, f"<= +{LIMIT:.2f} MB", more <= LIMIT)
