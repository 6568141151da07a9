#!/usr/bin/python3
# How long it takes until the first job runs again after a restart, with 50 jobs
# running and 100,000 pending behind them: after a crash of all processes, and after
# a fast shutdown.
#
# From the time when the server says in its log that it is ready to accept
# connections, until the transaction of the first job's work begins
# (pg_stat_activity.xact_start): both are the machine's clock.  The jobs that ran
# sleep, and are the ones that go on.
#
# usage: bench_restart.py DATA-DIRECTORY LOG
import calendar
import re
import subprocess
import sys
import time
from statistics import median

from benchjobs import submit
from benchlib import Session, ms, row, samples, say

RUNNING = 50
PENDING = samples(100000, 1000)
RESTARTS = samples(10)
LIMIT = 2               # the goal, in seconds
WORKING = ("FROM pg_stat_activity WHERE backend_type = 'cancel_job worker' AND wait_event = 'PgSleep'")


def pg_ctl(*options):
    subprocess.run(["pg_ctl", "-D", sys.argv[1], "-w", "-t", "300", "-l", sys.argv[2], *options],
                   check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def ready_at():
    """When the server became ready last; its log is in UTC."""
    with open(sys.argv[2]) as log:
        found = re.findall(r"^(\S+ \S+)\.(\d+) UTC .*ready to accept connections$", log.read(), re.M)
    at, milliseconds = found[-1]
    return calendar.timegm(time.strptime(at, "%Y-%m-%d %H:%M:%S")) + int(milliseconds) / 1000


def wait_for_running(session):
    """Until the jobs run; returns when the first and the last of them began."""
    session.wait(f"SELECT count(*) = %s {WORKING}", RUNNING, pause=0.02, limit=120)
    session.run(f"SELECT extract(epoch FROM min(xact_start))::float8,"
                f" extract(epoch FROM max(xact_start))::float8 {WORKING}")
    return session.cursor.fetchone()


def restart(mode):
    """The time until the first job runs, and until all do."""
    pg_ctl("-m", mode, "stop")
    pg_ctl("start")
    ready = ready_at()
    session = Session()
    first, last = wait_for_running(session)
    session.close()
    return first - ready, last - ready


session = Session()
session.set_server("jobs.max_running", str(RUNNING))
submit(session, RUNNING, "SELECT pg_sleep(36000)")
wait_for_running(session)
say(f"submitting {PENDING} jobs")
submit(session, PENDING)
session.close()
for mode, name in (("immediate", "crash"), ("fast", "fast shutdown")):
    say(f"{RESTARTS} times: {name}")
    times = [restart(mode) for _ in range(RESTARTS)]
    first = [a for a, b in times]
    last = [b for a, b in times]
    what = f"restart after a {name}, {PENDING} pending"
    row(f"{what}: until the first job runs", ms(median(first)), "", f"worst {ms(max(first))}", RESTARTS,
        f"< {LIMIT} s", max(first) < LIMIT)
    row(f"{what}: until all {RUNNING} run", ms(median(last)), "", f"worst {ms(max(last))}", RESTARTS)
