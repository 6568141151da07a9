#!/usr/bin/python3
# What our processes do on a server that is idle for ten minutes, with the
# extension in one database and in 200.  In each of them a job has run before.
#
# /proc tells: processor time and wake-ups of every process of ours, every second.
# No session is there meanwhile.
import sys
import time

from benchlib import FRACTION, Session, row, say
from benchproc import Processes

SECONDS = max(30, 600 * FRACTION)
DATABASES = 200
LIMIT = 0.1             # the goal: wake-ups a second
IDLE_TIMEOUT = 1        # of workers, in seconds


def give_extension(database):
    """Run a job there, so that all that it needs has been there once."""
    session = Session(dbname=database)
    session.run("CREATE EXTENSION IF NOT EXISTS cancel_job")
    job = session.ask("SELECT jobs.submit('SELECT 1')")
    session.wait("SELECT status = 'succeeded' FROM jobs.jobs WHERE job_id = %s", job, pause=0.01, limit=120)
    session.close()


def wait_for_rest():
    """Until the workers have gone, and whatever goes with them."""
    session = Session()
    session.wait("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'cancel_job worker')",
                 pause=0.2, limit=120)
    session.close()
    time.sleep(10)


def measure(databases):
    say(f"{databases} databases, {SECONDS:.0f} seconds")
    wait_for_rest()
    most, started, cpu, wakeups = ours.watch(SECONDS)
    rate = wakeups / SECONDS
    row(f"at rest: {databases} database{'s' * (databases > 1)}, {SECONDS:.0f} s",
        f"{rate:.3f} wake-ups/s, {1000 * cpu:.1f} ms CPU", "none", f"{most} processes, {started} started", 1,
        f"< {LIMIT} wake-ups/s", rate < LIMIT)


ours = Processes(sys.argv[1], "cancel_job")
control = Session()
control.set_server("jobs.worker_idle_timeout", f"{IDLE_TIMEOUT}s")
control.close()
give_extension("postgres")
measure(1)
say(f"making {DATABASES - 1} databases")
control = Session()
for number in range(2, DATABASES + 1):
    control.run(f"CREATE DATABASE bench{number} STRATEGY file_copy")
    give_extension(f"bench{number}")
control.close()
measure(DATABASES)
