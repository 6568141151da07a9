#!/usr/bin/python3
# Does a long time of jobs bloat the tables?  A month of 100 jobs a second, scaled
# down in time: as many jobs as the server manages, of which those of the last
# minute are kept (jobs.retention_time), until these have been replaced three times.
# In that month it is twice, in 720 hours with 336 hours of retention.
#
# Read all the time is the size of the tables of the schema jobs, with their indexes
# and TOAST.  "level": the largest size in the second half of the time after the
# first minute, against the largest one in the first half; 1 if it does not grow.
# "per kept job": the size at the end, against that of a copy of the same rows, with
# the same indexes.
#
# autovacuum looks every minute in that month, and here every second.
import time

from benchjobs import jobs_per_second
from benchlib import FRACTION, Session, row, say

RETENTION = max(10, int(60 * FRACTION))     # seconds
REPLACED = 3
BATCH = 1000            # jobs that are submitted at a time
WORKERS = 4
LEVEL = 1.1             # the goals
TIMES = 2
TABLES = "pg_class WHERE relnamespace = 'jobs'::regnamespace AND relkind = 'r'"
MB = 1024 * 1024


def total_size():
    return int(control.ask(f"SELECT sum(pg_total_relation_size(oid)) FROM {TABLES}"))


def run_jobs():
    """Run jobs all the time; returns their number and the sizes meanwhile, as
    (seconds since the beginning, bytes)."""
    begun = time.monotonic()
    sizes = []
    jobs = 0
    while sizes == [] or sizes[-1][0] < (1 + REPLACED) * RETENTION:
        jobs_per_second(control, BATCH)
        jobs += BATCH
        sizes.append((time.monotonic() - begun, total_size()))
        if jobs % (20 * BATCH) == 0:
            say(f"{sizes[-1][0]:.0f} s, {jobs} jobs: {sizes[-1][1] / MB:.1f} MB")
    return jobs, sizes


def copy_size():
    """The size of a copy of all tables, as fresh as it can be."""
    control.run(f"SELECT oid::regclass::text, relname, array_to_string(reloptions, ', ') FROM {TABLES}")
    total = 0
    for table, name, options in control.cursor.fetchall():
        control.run(f'CREATE TABLE bench."{name}" (LIKE {table} INCLUDING ALL)')
        if options:
            control.run(f'ALTER TABLE bench."{name}" SET ({options})')
        control.run(f'INSERT INTO bench."{name}" OVERRIDING SYSTEM VALUE SELECT * FROM {table}')
        total += control.ask("SELECT pg_total_relation_size(%s::regclass)", f'bench."{name}"')
    return total


def measure_level(jobs, sizes):
    half = (1 + REPLACED / 2) * RETENTION
    before = max(size for at, size in sizes if RETENTION < at <= half)
    after = max(size for at, size in sizes if at > half)
    row(f"retention: {jobs} jobs, level", f"{after / MB:.1f} MB", f"{before / MB:.1f} MB", f"x{after / before:.2f}",
        len(sizes), f"<= x{LEVEL}", after / before <= LEVEL)


def measure_size():
    control.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    kept = control.ask("SELECT count(*) FROM jobs.jobs")
    ours = total_size()
    ideal = copy_size()
    control.run("ROLLBACK")
    row(f"retention: {kept} kept, per kept job", f"{ours / kept:.0f} bytes", f"{ideal / kept:.0f} bytes",
        f"x{ours / ideal:.2f}", 1, f"<= x{TIMES}", ours / ideal <= TIMES)


control = Session()
if control.ask("SELECT current_setting('jobs.retention_time', true)") is None:
    raise SystemExit("this version of cancel_job keeps finished jobs for ever")
control.set_server("jobs.max_running", str(WORKERS))
control.set_server("jobs.retention_time", f"{RETENTION}s" if RETENTION % 60 else f"{RETENTION // 60}min")
control.set_server("autovacuum_naptime", "1s")
jobs, sizes = run_jobs()
measure_level(jobs, sizes)
measure_size()
