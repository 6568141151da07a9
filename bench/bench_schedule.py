#!/usr/bin/python3
# Schedules: how late they are, how they bear a burst, and what they cost a server
# that does nothing else.
#
#   lateness    from the time at which a schedule is due until its job's first
#               statement, of one that is due every second; against pg_cron's
#               job of every second, if there is an opponent, which is due a second
#               after its worker came up the last time (before pg_cron 1.5, of every
#               minute).  They run in turns, and the other one does not exist meanwhile.
#   burst       300 jobs due each second with 8 workers: none may be lost; how far
#               the last one comes behind its time.
#   idle        wake-ups and processor time of our processes with so many
#               schedules that are due in a year, from when the processes that
#               their creation has started are gone.
#
# usage: bench_schedule.py [NAME-OF-THE-OPPONENT]
import re
import sys
import time

from benchlib import FRACTION, Session, in_changing_order, ms, quantile, row, samples, say
from benchproc import Processes

TURNS = 5                               # of each kind of lateness
SECONDS = samples(60, least=5)          # of a turn
MINUTES = samples(3, least=2)           # of a pg_cron that knows no seconds
BURST = 300                             # jobs a second
BURST_SECONDS = samples(300, least=5)
WORKERS = 8
IDLE_SECONDS = max(10, 120 * FRACTION)

control = Session()


def drop_all():
    control.run("SELECT jobs.drop_schedules(array_agg(schedule_id)) FROM jobs.schedules")


def lateness(due, runs="bench_late"):
    """Of each run but the first, in seconds, by an expression for the time at which
    it was due."""
    control.run(f"SELECT extract(epoch FROM at - {due})::float8 FROM {runs} ORDER BY at")
    return [r[0] for r in control.cursor.fetchall()][1:]


def ours():
    control.run("TRUNCATE bench_late")
    control.run("SELECT jobs.create_schedule('late', 'INSERT INTO bench_late VALUES (clock_timestamp())', '@every 1s',"
                " first_run => date_trunc('second', clock_timestamp()) + interval '2 seconds')")
    time.sleep(SECONDS + 2)
    drop_all()
    return lateness("date_trunc('second', at)")


def pg_cron_knows_seconds():
    """Since 1.5 it does; before, its job is one of every minute."""
    version = control.ask("SELECT extversion FROM pg_extension WHERE extname = 'pg_cron'")
    return [int(part) for part in re.findall(r"\d+", version)[:2]] >= [1, 5]


def pg_cron():
    control.run("TRUNCATE bench_late, cron.job_run_details")
    seconds = pg_cron_knows_seconds()
    control.run("SELECT cron.schedule('late', %s, 'INSERT INTO bench_late VALUES (clock_timestamp())')",
                "1 second" if seconds else "* * * * *")
    time.sleep(SECONDS + 2 if seconds else 60 * MINUTES + 2)
    control.run("SELECT cron.unschedule('late')")
    if not seconds:
        return lateness("date_trunc('minute', at)")
    # its clock runs from when it has started its worker the last time
    return lateness("(started + interval '1 second')",
                    "(SELECT at, row_number() OVER (ORDER BY at) AS n FROM bench_late) l JOIN"
                    " (SELECT lag(start_time) OVER w AS started, row_number() OVER w AS n FROM cron.job_run_details"
                    "  WINDOW w AS (ORDER BY runid)) r USING (n)")


def burst():
    before = control.ask("SELECT coalesce(max(run_id), 0) FROM jobs.schedule_run")
    control.run("SELECT count(*) FROM generate_series(1, %s) n, LATERAL jobs.create_schedule('burst ' || n, 'SELECT 1', '@every 1s',"
                " on_previous_running => 'start', max_running => 1000000,"
                " first_run => date_trunc('second', now()) + interval '2 seconds')", BURST)
    time.sleep(BURST_SECONDS + 2)
    control.run("SELECT jobs.pause_schedules(array_agg(schedule_id)) FROM jobs.schedules")
    control.wait("SELECT count(*) = 0 FROM jobs.schedule_run WHERE outcome IS NULL", pause=0.2, limit=300)
    control.run("SELECT count(*), sum(missed), count(*) FILTER (WHERE r.outcome = 'succeeded'),"
                " extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY j.started - r.due))::float8,"
                " extract(epoch FROM max(j.started - r.due))::float8"
                " FROM jobs.schedule_run r JOIN jobs.job j USING (job_id) WHERE run_id > %s", before)
    runs, missed, succeeded, median, last = control.cursor.fetchone()
    drop_all()
    if succeeded != runs:
        raise AssertionError(f"of {runs} jobs {succeeded} succeeded")
    return runs, missed, median, last


def settle():
    """Wait until a coordinator has looked at what was created, and is gone again:
    nothing wakes for a while, and there is but the launcher."""
    for _ in range(60):
        most, _, _, wakeups = processes.watch(3)
        if most == 1 and wakeups == 0:
            return
    raise TimeoutError("our processes do not come to rest")


def idle(n):
    """Processor time and wake-ups a minute."""
    control.run("SELECT count(*) FROM generate_series(1, %s) n, LATERAL jobs.create_schedule('idle ' || n, 'SELECT 1', '0 0 1 1 *')", n)
    settle()
    _, _, cpu, wakeups = processes.watch(IDLE_SECONDS)
    drop_all()
    return 60 * cpu / IDLE_SECONDS, 60 * wakeups / IDLE_SECONDS


processes = Processes(control.ask("SHOW data_directory"), "cancel_job")
control.run("CREATE TABLE IF NOT EXISTS bench_late (at timestamptz)")
control.set_server("jobs.max_running", str(WORKERS))
control.set_server("jobs.worker_idle_timeout", "5s")
control.set_server("jobs.coordinator_idle_timeout", "1s")

us = []
them = []
for turn in range(TURNS):
    late, late_cron = in_changing_order(turn, ours, pg_cron if len(sys.argv) > 1 else list)
    us += late
    them += late_cron
for name, q in (("p50", 0.5), ("p99", 0.99)):
    row(f"schedules: due to first statement, {name}", ms(quantile(us, q)),
        ms(quantile(them, q)) if them else "none",
        f"x{quantile(us, q) / quantile(them, q):.3f}" if them else "", len(us),
        "<= x1" if them else "", quantile(us, q) <= quantile(them, q) if them else None)

runs, missed, median, last = burst()
say(f"burst: {runs} jobs, {missed} times missed")
row(f"schedules: {BURST} due each second, {WORKERS} workers", f"{ms(median)} late, the last {ms(last)}", "none",
    f"{missed} not on their own", runs, f"none lost of {BURST * BURST_SECONDS}", runs + missed >= BURST * BURST_SECONDS)

for n in (0, 1000, 100000):
    cpu, wakeups = idle(n)
    row(f"schedules: idle with {n}, per minute", f"{wakeups:.1f} wake-ups, {1000 * cpu:.1f} ms CPU", "none", "", 1,
        "<= 2 wake-ups", wakeups <= 2)
