#!/usr/bin/python3
# CANCEL JOBS of many jobs at once: 10,000 that wait, and 100 that run.
#
# waiting     CANCEL JOBS (SELECT ..) of all of them, with its commit; against an
#             UPDATE of state and time of as many rows of a table that is like
#             jobs.job in columns, indexes and contents.  That its commit makes
#             the coordinator carry the requests out begins in that time and ends
#             later ("until all are canceled").
# running     The work of each is to sleep, in a transaction that shares an
#             advisory lock.  Whoever cancels asks for that lock alone, and gets it
#             when the last of the transactions is gone.  From the statement, and
#             from its COMMIT (see bench_cancel.py); against pg_cancel_backend() of
#             as many sessions with the same work.
import itertools
import time

import psycopg2
import psycopg2.extensions

from benchjobs import submit, tidy, wait_until_all
from benchlib import (Session, compared, in_changing_order, medians, ms, no_worker_is_busy, row, samples, say,
                      take_turns)

WAITING = 10000
RUNNING = 100
PAIRS_WAITING = samples(30)
PAIRS_RUNNING = samples(50)
TIMES = 2               # the goal for those that wait
LIMIT = 0.1             # the goal for those that run, in seconds

control = Session()
keys = itertools.count(1)


def seconds(text):
    begun = time.perf_counter()
    control.run(text)
    return time.perf_counter() - begun


# Jobs that wait.

def make_like_job():
    control.run("CREATE TABLE bench.job (LIKE jobs.job INCLUDING ALL)")
    options = control.ask("SELECT array_to_string(reloptions, ', ') FROM pg_class"
                          " WHERE oid = 'jobs.job'::regclass")
    if options:
        control.run(f"ALTER TABLE bench.job SET ({options})")


def cancel_waiting():
    """The time of the statement, and until all jobs are canceled."""
    jobs = submit(control, WAITING)
    tidy(control)
    begun = time.perf_counter()
    took = seconds("CANCEL JOBS (SELECT job_id FROM jobs.jobs WHERE job_id BETWEEN %d AND %d)" % jobs)
    wait_until_all(control, jobs, "canceled")
    return took, time.perf_counter() - begun


def update_rows():
    """The time of an UPDATE of rows as they are before CANCEL JOBS."""
    jobs = submit(control, WAITING)
    control.run("TRUNCATE bench.job")
    control.run("INSERT INTO bench.job SELECT * FROM jobs.job WHERE job_id BETWEEN %s AND %s", *jobs)
    control.run("CANCEL JOBS (SELECT job_id FROM jobs.jobs WHERE job_id BETWEEN %d AND %d)" % jobs)
    wait_until_all(control, jobs, "canceled")
    tidy(control)
    control.run("VACUUM ANALYZE bench.job")
    return seconds("UPDATE bench.job SET state = 'cancel-requested', modified = clock_timestamp()"
                   " WHERE job_id BETWEEN %d AND %d" % jobs)


def measure_waiting():
    control.set_server("jobs.max_running", "0")
    make_like_job()
    pairs = take_turns(PAIRS_WAITING + 1, cancel_waiting, update_rows)[1:]
    statement = [(ours[0], theirs) for ours, theirs in pairs]
    ratio, text = compared(statement)
    us, them = medians(statement)
    row(f"CANCEL JOBS: {WAITING} that wait", ms(us), ms(them), text, PAIRS_WAITING, f"<= x{TIMES}", ratio <= TIMES)
    us, them = medians([(ours[1], theirs) for ours, theirs in pairs])
    row(f"CANCEL JOBS: {WAITING} that wait, until all are canceled", ms(us), ms(them), "", PAIRS_WAITING)


# Jobs that run.

def work(key):
    return f"SELECT pg_advisory_xact_lock_shared({key}); SELECT pg_sleep(3600)"


def wait_for_work(key):
    """Until all that work are asleep; returns their pids."""
    control.wait("SELECT count(*) = %s FROM pg_locks JOIN pg_stat_activity USING (pid)"
                 " WHERE locktype = 'advisory' AND objid = %s AND granted AND wait_event = 'PgSleep'",
                 RUNNING, key, pause=0.02)
    control.run("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", key)
    time.sleep(0.05)
    return [pid for pid, in control.cursor.fetchall()]


def until_gone(text, key):
    """Run a text that cancels; the time until all transactions with that key
    are gone: both are the machine's clock."""
    begun = time.time()
    control.run(f"{text}; SELECT pg_advisory_lock({key}), extract(epoch FROM clock_timestamp())::float8")
    gone = control.cursor.fetchone()[1]
    control.run(f"SELECT pg_advisory_unlock({key})")
    return gone - begun


def cancel_jobs():
    """The time from COMMIT, and from the statement."""
    key = next(keys)
    jobs = submit(control, RUNNING, work(key))
    wait_for_work(key)
    control.run("BEGIN")
    statement = seconds("CANCEL JOBS (SELECT job_id FROM jobs.jobs WHERE job_id BETWEEN %d AND %d)" % jobs)
    took = until_gone("COMMIT", key)
    wait_until_all(control, jobs, "canceled")
    no_worker_is_busy(control)
    return took, statement + took


def wait_for(connection):
    while connection.poll() != psycopg2.extensions.POLL_OK:
        time.sleep(0.0005)


def cancel_backends():
    key = next(keys)
    cursors = [connection.cursor() for connection in victims]
    for cursor in cursors:
        cursor.execute(work(key))
    pids = wait_for_work(key)
    took = until_gone("SELECT count(pg_cancel_backend(pid)) FROM unnest('{%s}'::integer[]) pid"
                      % ",".join(map(str, pids)), key)
    for connection in victims:
        try:
            wait_for(connection)
        except psycopg2.extensions.QueryCanceledError:
            continue
        raise AssertionError("the opponent's work was not cancelled")
    return took


def measure_running():
    control.set_server("jobs.max_running", str(RUNNING))
    pairs = [in_changing_order(i, cancel_jobs, cancel_backends) for i in range(PAIRS_RUNNING + 1)][1:]
    for what, each in (("from COMMIT", 0), ("from the statement", 1)):
        of = [(ours[each], theirs) for ours, theirs in pairs]
        us, them = medians(of)
        worst = max(a for a, b in of)
        row(f"CANCEL JOBS: {RUNNING} that run, p50 {what}", ms(us), ms(them), compared(of)[1], PAIRS_RUNNING)
        row(f"CANCEL JOBS: {RUNNING} that run, worst {what}", ms(worst), ms(max(b for a, b in of)), "",
            PAIRS_RUNNING, f"<= {1000 * LIMIT:.0f} ms", worst <= LIMIT)


say(f"{WAITING} jobs that wait")
measure_waiting()
say(f"{RUNNING} jobs that run")
victims = [psycopg2.connect("", async_=True) for _ in range(RUNNING)]
for victim in victims:
    wait_for(victim)
measure_running()
