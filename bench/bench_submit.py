#!/usr/bin/python3
# How long it takes until a job's first statement runs, from the COMMIT of its
# submission; against a client that connects and runs the same statement.
#
# The statement is in both cases an INSERT of clock_timestamp(), which is what
# time.time() reads here: both are the machine's clock.  The clock starts
# before COMMIT is sent, and before the client connects.
#
# Warm: an idle worker of the owner is there.  Cold: none is, since
# jobs.worker_idle_timeout is 0, and one is started for the job.
import itertools
import time

from benchlib import (Session, in_changing_order, ms, quantile, ratio_of_pairs, row,
                      samples, say)

KINDS = {"warm": (samples(300), "1min", 0.003), "cold": (samples(150), "0", 0.010)}

control = Session()
keys = itertools.count(1)
WORKERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'cancel_job worker'"


def statement(key):
    return f"INSERT INTO bench.ran VALUES ({key}, extract(epoch FROM clock_timestamp()))"


def wait_for_quiet(kind):
    """Until the worker of the job before is idle, or gone."""
    if kind == "warm":
        control.wait(f"{WORKERS} AND state = 'idle' HAVING count(*) = ({WORKERS})")
    else:
        control.wait(f"SELECT 0 = ({WORKERS})")
    time.sleep(0.005)


def submit(kind):
    key = next(keys)
    wait_for_quiet(kind)
    control.run("BEGIN")
    job = control.ask("SELECT jobs.submit(%s)", statement(key))
    begun = time.time()
    control.run("COMMIT")
    control.wait("SELECT status = 'succeeded' FROM jobs.jobs WHERE job_id = %s", job)
    return control.ask("SELECT at FROM bench.ran WHERE key = %s", key) - begun


def connect_and_run():
    key = next(keys)
    time.sleep(0.005)
    begun = time.time()
    session = Session()
    session.run(statement(key))
    session.close()
    return control.ask("SELECT at FROM bench.ran WHERE key = %s", key) - begun


control.run("CREATE TABLE bench.ran (key bigint PRIMARY KEY, at double precision)")
for kind, (n, timeout, limit) in KINDS.items():
    say(kind)
    control.set_server("jobs.worker_idle_timeout", timeout)
    job = control.ask("SELECT jobs.submit('SELECT 1')")
    control.wait("SELECT status = 'succeeded' FROM jobs.jobs WHERE job_id = %s", job)
    pairs = [in_changing_order(i, lambda: submit(kind), connect_and_run) for i in range(n + 2)][2:]
    ratio, low, high = ratio_of_pairs(pairs)
    for q in (0.5, 0.99):
        ours = quantile([a for a, b in pairs], q)
        theirs = quantile([b for a, b in pairs], q)
        if q == 0.5:
            row(f"submit {kind}: p50 until it runs", ms(ours), ms(theirs), f"x{ratio:.2f} ({low:.2f}..{high:.2f})",
                n, f"<= {1000 * limit:.0f} ms", ours <= limit)
        else:
            row(f"submit {kind}: p99 until it runs", ms(ours), ms(theirs), "", n)
