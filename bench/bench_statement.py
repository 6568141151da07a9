#!/usr/bin/python3
# What the native statement costs beside its function: CANCEL JOB 1 against
# SELECT jobs.cancel(1), as time per statement in pgbench, one client.
#
# "no-op": the job is canceled already, so what is left is the way of the
# statement through the server.  "fresh": each statement cancels another pending
# job, and commits.  Both in the simple protocol and with a prepared
# statement.  "first" is the first such statement of a new session.
#
# The coordinator is held at a pausepoint meanwhile, so that it neither claims
# these jobs nor takes time from both sides.
import os
import re
import subprocess
import tempfile
import time

from benchlib import (Session, in_changing_order, ms, quantile, ratio_of_pairs, row,
                      samples, say)

NATIVE = "CANCEL JOB :id;\n"
FUNCTION = "SELECT jobs.cancel(:id);\n"
NEXT = "\\set id :id + 1\n"
LIMIT = 1.3
PAIRS = samples(30)
NOOPS = 1000            # in each run of pgbench
FRESH = 400

control = Session()
scripts = tempfile.TemporaryDirectory()


def pgbench(script, mode, count, job):
    """Seconds per statement."""
    path = os.path.join(scripts.name, "script")
    with open(path, "w") as out:
        out.write(script)
    done = subprocess.run(["pgbench", "-n", "-c", "1", "-M", mode, "-t", str(count),
                           "-D", f"id={job}", "-f", path], check=True, capture_output=True, text=True)
    return 1 / float(re.search(r"tps = ([0-9.]+) \(without", done.stdout).group(1))


def noop(script, mode):
    return pgbench(script, mode, NOOPS, canceled)


def fresh(script, mode):
    control.run("TRUNCATE jobs.job, jobs.message")
    control.run("SELECT jobs.submit('SELECT 1') FROM generate_series(1, %s)", FRESH)
    first = control.ask("SELECT min(job_id) FROM jobs.jobs")
    took = pgbench(NEXT + script, mode, FRESH, first - 1)
    left = control.ask("SELECT count(*) FROM jobs.jobs WHERE status <> 'cancel-requested'")
    if left != 0:
        raise AssertionError(f"{left} jobs are not cancelled")
    return took


def first(script, mode):
    session = Session()
    session.run("SELECT 1")
    text = script.replace(":id", str(canceled))
    begun = time.perf_counter()
    session.run(text)
    took = time.perf_counter() - begun
    session.close()
    return took


def compare(what, sample, mode, n, limit=None):
    say(f"{what}, {mode}")
    pairs = [in_changing_order(i, lambda: sample(NATIVE, mode), lambda: sample(FUNCTION, mode))
             for i in range(n + 1)][1:]
    ratio, low, high = ratio_of_pairs(pairs)
    row(f"statement: {what}, {mode}", ms(quantile([a for a, b in pairs], 0.5)),
        ms(quantile([b for a, b in pairs], 0.5)), f"x{ratio:.2f} ({low:.2f}..{high:.2f})", n,
        f"<= x{limit}" if limit else "", ratio <= limit if limit else None)


canceled = control.ask("SELECT jobs.submit('SELECT pg_sleep(3600)')")
control.run("SELECT jobs.cancel(%s)", canceled)
control.wait("SELECT status = 'canceled' FROM jobs.jobs WHERE job_id = %s", canceled)
control.set_server("jobs.debug_pausepoints", "coordinator.before_claim")
for mode in ("simple", "prepared"):
    compare("no-op", noop, mode, PAIRS, LIMIT)
compare("first of a session", first, "simple", samples(60))
for mode in ("simple", "prepared"):
    compare("fresh", fresh, mode, PAIRS, LIMIT)
