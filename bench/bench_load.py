#!/usr/bin/python3
# pgbench TPC-B with 30 jobs a second beside it; against pgbench alone, on the same
# server.  The jobs are trivial ones, submitted one by one at even distances: what a
# server does that gets its work from jobs.  To submit them is in the price.
import re
import subprocess
import threading
import time

from benchjobs import TRIVIAL, jobs_per_second, tidy
from benchlib import Session, compared, medians, row, samples, say, take_turns

RATE = 30               # jobs a second
PAIRS = samples(60)
SECONDS = 4             # of each run of pgbench
SCALE = 10
CLIENTS = 4
LEAST = 0.97            # the goal


class Submitter(threading.Thread):
    """Submits RATE jobs a second until it is told to stop."""

    def __init__(self):
        super().__init__()
        self.session = Session()
        self.stopped = threading.Event()
        self.jobs = 0

    def run(self):
        begun = time.monotonic()
        while not self.stopped.wait(max(0, begun + self.jobs / RATE - time.monotonic())):
            self.session.run("SELECT jobs.submit(%s)", TRIVIAL)
            self.jobs += 1

    def stop(self):
        self.stopped.set()
        self.join()
        self.session.close()


def pgbench():
    """Transactions per second."""
    done = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS)],
                          check=True, capture_output=True, text=True)
    return float(re.search(r"tps = ([0-9.]+) \(without", done.stdout).group(1))


def tidy_all():
    tidy(control)
    for table in ("accounts", "branches", "tellers", "history"):
        control.run(f"VACUUM pgbench_{table}")


def alone():
    tidy_all()
    return pgbench()


def beside_jobs():
    tidy_all()
    submitter = Submitter()
    submitter.start()
    tps = pgbench()
    submitter.stop()
    if submitter.jobs < 0.9 * RATE * SECONDS:
        raise AssertionError(f"only {submitter.jobs} jobs could be submitted")
    control.wait("SELECT NOT EXISTS (SELECT FROM jobs.jobs WHERE finished IS NULL)")
    return tps


control = Session()
control.set_server("jobs.worker_idle_timeout", "10min")
subprocess.run(["pgbench", "-q", "-i", "-s", str(SCALE)], check=True, capture_output=True)
jobs_per_second(control, 100)
alone()
pairs = take_turns(PAIRS, beside_jobs, alone)
say("ratios: " + " ".join(f"{a / b:.3f}" for a, b in pairs))
ratio, text = compared(pairs, 3)
us, them = medians(pairs)
row(f"pgbench TPC-B beside {RATE} jobs/s", f"{us:.0f} tps", f"{them:.0f} tps", text, PAIRS,
    f">= x{LEAST}", ratio >= LEAST)
