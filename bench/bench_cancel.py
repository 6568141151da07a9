#!/usr/bin/python3
# How long a cancel takes to end the work: CANCEL JOB of a job, from its COMMIT,
# against pg_cancel_backend() of a session that does the same work.
#
# Both are timed in the same way.  The work begins by taking an advisory lock
# that its transaction holds.  Whoever cancels asks for that lock in the same
# message, and gets it when the other transaction is gone, with all that it
# held: work that was told to stop but goes on is not gone.  The clock starts
# before that message is sent, and stops where the server has got the lock: both
# are the machine's clock.
#
#   ours        BEGIN; CANCEL JOB 7;  then  COMMIT; SELECT pg_advisory_lock(key), clock_timestamp()
#   opponent    SELECT pg_cancel_backend(pid); SELECT pg_advisory_lock(key), clock_timestamp()
#
# "from the statement" is beside that the time of CANCEL JOB itself.
import itertools
import random
import time

import psycopg2
import psycopg2.extensions

from benchlib import (Session, difference_of_quantiles, in_changing_order, ms, no_worker_is_busy, quantile,
                      ratio_of_pairs, row, samples, say)

SORT = "SELECT t FROM bench.big ORDER BY t"
ALONE = "SELECT set_config('max_parallel_workers_per_gather', '0', true)"

# Of each kind: the work, the condition under which it is at it, then a further
# time in seconds that it is let work, the number of pairs, and whether there is a
# goal.  A parallel sort ends when its parallel workers have exited, which is by
# far most of its time, and varies.
KINDS = {
    "sleep": ("SELECT pg_sleep(3600)", "wait_event = 'PgSleep'", (0.004, 0.012), samples(250), True),
    "CPU": ("DO $$ DECLARE n bigint := 0; BEGIN LOOP n := n + 1; END LOOP; END $$",
            "state = 'active'", (0.004, 0.012), samples(250), True),
    "lock": ("LOCK TABLE bench.locked", "wait_event_type = 'Lock' AND wait_event = 'relation'",
             (0.004, 0.012), samples(250), True),
    "sort": (f"{ALONE}; {SORT}", "state = 'active'", (0.1, 0.15), samples(120), True),
    "parallel sort": (SORT, "state = 'active'", (0.1, 0.15), samples(60), False),
}

control = Session()
holder = Session()
victim = psycopg2.connect("", async_=True)
keys = itertools.count(1)


def wait_for_victim():
    while victim.poll() != psycopg2.extensions.POLL_OK:
        time.sleep(0.0005)


def wait_for_work(key, condition, delay):
    """The process that works on it, once it is well under way."""
    pid = control.wait("SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
                       " AND objid = %s AND granted", key)
    control.wait(f"SELECT {condition} FROM pg_stat_activity WHERE pid = %s", pid)
    time.sleep(delay)
    return pid


def timed(text, key):
    """Run a text that cancels; the time until the key's lock is free."""
    begun = time.time()
    control.run(f"{text}; SELECT pg_advisory_lock({key}), extract(epoch FROM clock_timestamp())::float8")
    gone = control.cursor.fetchone()[1]
    control.run(f"SELECT pg_advisory_unlock({key})")
    return gone - begun


def cancel_job(work, condition, delay):
    """The time from COMMIT, and from the statement."""
    key = next(keys)
    no_worker_is_busy(control)
    job = control.ask("SELECT jobs.submit(%s)", f"SELECT pg_advisory_xact_lock({key}); {work}")
    wait_for_work(key, condition, delay)
    control.run("BEGIN")
    begun = time.perf_counter()
    control.run(f"CANCEL JOB {job}")
    statement = time.perf_counter() - begun
    took = timed("COMMIT", key)
    control.wait("SELECT status = 'canceled' FROM jobs.jobs WHERE job_id = %s", job)
    no_worker_is_busy(control)
    return took, statement + took


def cancel_backend(work, condition, delay):
    key = next(keys)
    cursor = victim.cursor()    # kept until the end
    cursor.execute(f"SELECT pg_advisory_xact_lock({key}); {work}")
    pid = wait_for_work(key, condition, delay)
    took = timed(f"SELECT pg_cancel_backend({pid})", key)
    try:
        wait_for_victim()
    except psycopg2.extensions.QueryCanceledError:
        return took
    raise AssertionError("the opponent's work was not cancelled")


def measure(kind, work, condition, delays, n, has_goal):
    pairs = []
    for i in range(n + 2):
        delay = random.uniform(*delays)
        pair = in_changing_order(i, lambda: cancel_job(work, condition, delay),
                                 lambda: cancel_backend(work, condition, delay))
        if i >= 2:              # after two to warm up
            pairs.append(pair)
    committed = [(ours[0], theirs) for ours, theirs in pairs]
    for q, limit in ((0.5, 0.001), (0.99, 0.005)):
        ours, theirs, more, low, high = difference_of_quantiles(committed, q)
        row(f"cancel {kind}: p{100 * q:.0f} from COMMIT", ms(ours), ms(theirs),
            f"{ms(more, '+')} ({ms(low, '+')}..{ms(high, '+')})".replace(" ms.", ".").replace(" ms (", " ("),
            n, f"<= {ms(limit, '+')}" if has_goal else "", more <= limit if has_goal else None)
    ratio, low, high = ratio_of_pairs(committed)
    row(f"cancel {kind}: the pairs' ratio", "", "", f"x{ratio:.2f} ({low:.2f}..{high:.2f})", n)
    row(f"cancel {kind}: p50 from the statement", ms(quantile([ours[1] for ours, theirs in pairs], 0.5)),
        ms(quantile([b for a, b in committed], 0.5)), "", n)


wait_for_victim()
control.run("CREATE TABLE bench.locked ()")
control.run("CREATE TABLE bench.big AS SELECT md5(n::text) AS t FROM generate_series(1, 3000000) n")
control.run("VACUUM ANALYZE bench.big")
control.run("CHECKPOINT")
holder.run("BEGIN; LOCK TABLE bench.locked")
for kind, how in KINDS.items():
    say(kind)
    measure(kind, *how)
