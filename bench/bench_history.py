#!/usr/bin/python3
# What a long history costs: SHOW JOBS, SHOW JOB id, and the time from submit to
# run, in a database with 1,000,000 finished jobs; against one with 1,000.
#
# Both databases are on the same server.  In each as many jobs finished within the
# twelve hours that SHOW JOBS shows, and as many are paused; all other jobs
# finished before that.  SHOW JOB asks for another one of all finished jobs each time.
#
# From submit to run: as "submit warm" of bench_submit.py, from the COMMIT of
# jobs.submit() until the job's first statement runs in a worker that is there.
import itertools
import random
import time

from benchjobs import fill, keep_history
from benchlib import (Session, compared, in_changing_order, medians, ms, row, samples, say)

MANY = samples(1000000, 10000)
FEW = 1000
RECENT = 100            # of them finished within twelve hours
PAUSED = 10             # and so many more are not finished
PAIRS = samples(300)
TIMES = 1.5             # the goal
LIMIT = 0.005           # and of SHOW JOBS, in seconds


class Database:
    def __init__(self, name, finished):
        self.session = Session(dbname=name)
        self.keys = itertools.count(1)
        self.session.run("CREATE EXTENSION cancel_job")
        self.session.run("CREATE TABLE ran (key bigint PRIMARY KEY, at double precision)")
        self.ids = fill(self.session, finished, RECENT)
        self.session.run("SELECT jobs.pause(jobs.submit('SELECT 1')) FROM generate_series(1, %s)", PAUSED)
        self.session.wait("SELECT count(*) = %s FROM jobs.jobs WHERE status = 'paused'", PAUSED)

    def show(self, statement):
        """The time that it takes, and the number of its rows."""
        begun = time.perf_counter()
        self.session.run(statement)
        rows = self.session.cursor.fetchall()
        return time.perf_counter() - begun, len(rows)

    def show_jobs(self):
        took, rows = self.show("SHOW JOBS")
        if rows != 1 + RECENT + PAUSED:      # one of them is what fill() copied
            raise AssertionError(f"SHOW JOBS shows {rows} jobs")
        return took

    def show_job(self):
        took, rows = self.show("SHOW JOB %d" % random.randint(*self.ids))
        if rows != 1:
            raise AssertionError(f"SHOW JOB shows {rows} jobs")
        return took

    def start_job(self):
        key = next(self.keys)
        time.sleep(0.005)
        self.session.run("BEGIN")
        job = self.session.ask("SELECT jobs.submit(%s)", "INSERT INTO ran VALUES"
                               f" ({key}, extract(epoch FROM clock_timestamp()))")
        begun = time.time()
        self.session.run("COMMIT")
        self.session.wait("SELECT status = 'succeeded' FROM jobs.jobs WHERE job_id = %s", job)
        return self.session.ask("SELECT at FROM ran WHERE key = %s", key) - begun


def measure(what, ours, theirs, limit=None):
    pairs = [in_changing_order(i, ours, theirs) for i in range(PAIRS + 5)][5:]
    ratio, text = compared(pairs)
    us, them = medians(pairs)
    goal = f"<= x{TIMES}" + (f", <= {1000 * limit:.0f} ms" if limit else "")
    row(f"history: {what}, {MANY} finished jobs", ms(us), ms(them), text, PAIRS, goal,
        ratio <= TIMES and us <= (limit or us))


control = Session()
control.set_server("jobs.worker_idle_timeout", "10min")
keep_history(control)
for name in ("few", "many"):
    control.run(f"CREATE DATABASE {name}")
few = Database("few", FEW)
say(f"filling {MANY} jobs in")
many = Database("many", MANY)
control.run("CHECKPOINT")
say("SHOW JOBS")
measure("SHOW JOBS", many.show_jobs, few.show_jobs, LIMIT)
say("SHOW JOB")
measure("SHOW JOB", many.show_job, few.show_job)
say("from submit to run")
measure("from submit to run", many.start_job, few.start_job)
