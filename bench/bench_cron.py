#!/usr/bin/python3
# How many trivial jobs a second are run, with their history kept; against
# pg_cron, whose history is cron.job_run_details.
#
#   ours        as bench_throughput.py, with as many workers as are fastest
#               there
#   opponent    n jobs SELECT 1 that are due every minute; from the start of the
#               first one until the end of the last one, as its history says.
#               How long after the full minute it starts is left out.
#
# pg_cron starts its jobs at the full minute, so a sample takes a minute.  Its jobs
# are taken away afterwards, so that they do not run beside ours.
#
# usage: bench_cron.py NAME-OF-THE-OPPONENT
import sys
import time

from benchjobs import jobs_per_second, tidy
from benchlib import Session, compared, medians, row, samples, say, take_turns

PAIRS = samples(5, least=1)
CRON_JOBS = 500         # of a sample; they fit well into a minute
OUR_JOBS = 4000
WORKERS = 8
TIMES = 4               # the goal
MARGIN = 5              # seconds in which pg_cron gets to know its jobs

control = Session()


def ours():
    tidy(control)
    return jobs_per_second(control, OUR_JOBS)


def wait_for_room_before_the_minute():
    while time.time() % 60 > 60 - MARGIN:
        time.sleep(0.1)


def pg_cron():
    wait_for_room_before_the_minute()
    control.run("TRUNCATE cron.job_run_details")
    control.run("SELECT count(cron.schedule('* * * * *', 'SELECT 1')) FROM generate_series(1, %s)", CRON_JOBS)
    control.wait("SELECT count(*) >= %s FROM cron.job_run_details WHERE end_time IS NOT NULL", CRON_JOBS,
                 pause=0.2, limit=115)
    control.run("SELECT count(cron.unschedule(jobid)) FROM cron.job")
    control.run("SELECT count(*), count(*) FILTER (WHERE status = 'succeeded'),"
                " extract(epoch FROM max(end_time) - min(start_time))::float8 FROM cron.job_run_details")
    started, succeeded, seconds = control.cursor.fetchone()
    if started != CRON_JOBS or succeeded != CRON_JOBS:
        raise AssertionError(f"of {CRON_JOBS} jobs pg_cron started {started}, and {succeeded} succeeded")
    return succeeded / seconds


control.set_server("jobs.max_running", str(WORKERS))
control.set_server("jobs.worker_idle_timeout", "5min")
jobs_per_second(control, 1000)
pairs = take_turns(PAIRS, ours, pg_cron)
for i, (us, them) in enumerate(pairs):
    say(f"minute {i + 1}: {us:.0f}/s, {them:.0f}/s")
ratio, text = compared(pairs)
us, them = medians(pairs)
row(f"throughput: against {sys.argv[1]}", f"{us:.0f}/s", f"{them:.0f}/s", text, PAIRS,
    f">= x{TIMES}", ratio >= TIMES)
