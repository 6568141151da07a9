#!/usr/bin/python3
# How many trivial jobs a second are run, with their history kept: 1 to 8
# workers; against connect-per-job, which is what a script makes of a queue.
#
#   ours        n jobs SELECT 1 are submitted in one transaction; from its COMMIT
#               until the last one has succeeded, with jobs.max_running workers
#   opponent    pgbench -C: connect, SELECT 1, INSERT a row of history,
#               disconnect; with as many loops side by side as are fastest here
#
# "snapshot held": as a dump or a report does, a session holds a snapshot meanwhile,
# so that dead row versions stay; against ourselves without it, with 8 workers and
# five times as many jobs.
#
# usage: bench_throughput.py usual|durable
import os
import re
import subprocess
import sys

from benchjobs import jobs_per_second, tidy
from benchlib import Session, compared, medians, row, samples, say, take_turns

WORKERS = (1, 2, 4, 8)
LOOPS = (1, 2, 4, 8, 16)
PAIRS = samples(20)
SECONDS = 1             # of each sample
TIMES = 4               # the goal
LIMIT = 1000
SCRIPT = """SELECT 1;
INSERT INTO bench.history (command, started, finished, state)
 VALUES ('SELECT 1', now(), clock_timestamp(), 'succeeded');
"""


def connect_per_job(loops, seconds):
    """Transactions per second of so many loops."""
    done = subprocess.run(["pgbench", "-n", "-C", "-c", str(loops), "-j", str(min(loops, os.cpu_count())),
                           "-T", str(seconds), "-f", "-"],
                          input=SCRIPT, check=True, capture_output=True, text=True)
    return float(re.search(r"tps = ([0-9.]+) \(including", done.stdout).group(1))


def fastest_loops():
    rates = {loops: max(connect_per_job(loops, SECONDS) for _ in range(2)) for loops in LOOPS}
    loops = max(rates, key=rates.get)
    say(f"connect-per-job is fastest with {loops} loops: {rates[loops]:.0f}/s")
    return loops


def set_workers(workers):
    """Let so many jobs run, warm that many workers up; returns the number of
    jobs that a sample takes."""
    control.set_server("jobs.max_running", str(workers))
    jobs_per_second(control, 200)
    return int(SECONDS * jobs_per_second(control, 1000))


def ours(n, holds_snapshot=False):
    tidy(control)
    if not holds_snapshot:
        return jobs_per_second(control, n)
    holder = Session()
    holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    holder.run("SELECT 1")
    rate = jobs_per_second(control, n)
    holder.close()
    return rate


def per_second(rate):
    return f"{rate:.0f}/s"


def measure(workers, loops):
    n = set_workers(workers)
    pairs = take_turns(PAIRS, lambda: ours(n), lambda: connect_per_job(loops, SECONDS))
    ratio, text = compared(pairs)
    us, them = medians(pairs)
    row(f"throughput {name}: {workers} worker{'s' * (workers > 1)}", per_second(us), per_second(them), text,
        PAIRS, f"> {LIMIT}/s, >= x{TIMES}", us > LIMIT and ratio >= TIMES)


def measure_snapshot():
    n = 5 * set_workers(max(WORKERS))
    count = samples(6)
    pairs = take_turns(count, lambda: ours(n, True), lambda: ours(n))
    us, them = medians(pairs)
    row(f"throughput {name}: snapshot held", per_second(us), per_second(them), compared(pairs)[1], count)


name = sys.argv[1]
control = Session()
control.run("CREATE TABLE bench.history (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " command text NOT NULL, started timestamptz NOT NULL, finished timestamptz NOT NULL,"
            " state text NOT NULL)")
control.set_server("jobs.worker_idle_timeout", "5min")
loops = fastest_loops()
for workers in WORKERS:
    say(f"{workers} workers")
    measure(workers, loops)
say("snapshot held")
measure_snapshot()
