#!/usr/bin/python3
# Control and listing under load: 200 sessions at once on 100,000 live jobs, and the
# list of a user who may see 10 of 1,000,000 jobs.
#
# sessions    100,000 jobs wait for tomorrow, 500 for each of 200 users, who each have a
#             session.  Each session does rounds of CANCEL JOB of a job of its own,
#             SHOW JOB of the same, and SHOW JOBS of its user's 500; all at once,
#             without a pause.  The latency of each statement as the session sees it,
#             and errors, of which there must be none.  With two processors and 200
#             sessions that is mostly waiting for a processor: against the same
#             rounds on a plain table like jobs.job with an index on its owner,
#             under the user's row-level security policy, in the same number of sessions.
# few         SHOW JOBS of a user with 10 jobs, half of them unfinished, where there
#             are 1,000,000 of others that finished within twelve hours; against the
#             same user in a database with 1,000 of others, and against a direct
#             look at the 10 rows of a table with an index on the owner.
import threading
import time

from benchjobs import fill, keep_history, wait_until_all
from benchlib import (Session, compared, in_changing_order, medians, ms, quantile, row, samples, say)

SESSIONS = 200
LIVE = samples(100000, SESSIONS * 50)
OWN = LIVE // SESSIONS
ROUNDS = samples(20)
MANY = samples(1000000, 10000)
LESS = 1000
FEW = 10
PAIRS = samples(300)
LIMIT_P50, LIMIT_P99 = 0.5, 2.0     # the goals of a statement with 200 at once, in seconds
TIMES = 1.5                         # the goal of the short list
LIMIT = 0.005                       # and in seconds


# Many sessions.

def user(i):
    return f"bench_surface_{i}"


def make_users(control):
    for i in range(SESSIONS):
        control.run(f"CREATE ROLE {user(i)} LOGIN")


def make_live_jobs(control):
    for i in range(SESSIONS):
        control.run(f"SET SESSION AUTHORIZATION {user(i)}")
        control.run("SELECT count(jobs.submit('SELECT 1', start_at => now() + interval '1 day'))"
                    " FROM generate_series(1, %s)", OWN)
        control.run("RESET SESSION AUTHORIZATION")
    control.run("VACUUM ANALYZE jobs.job")
    control.run("VACUUM ANALYZE jobs.queue")
    control.run("VACUUM ANALYZE jobs.message")


def make_plain_jobs(control):
    """As many rows as jobs, for the opponent."""
    control.run("CREATE TABLE bench.plain (LIKE jobs.job INCLUDING ALL)")
    control.run("INSERT INTO bench.plain SELECT * FROM jobs.job")
    control.run("VACUUM ANALYZE bench.plain")
    control.run("ALTER TABLE bench.plain ENABLE ROW LEVEL SECURITY")
    control.run("CREATE POLICY own ON bench.plain USING (owner = current_user::regrole)")
    control.run("GRANT USAGE ON SCHEMA bench TO PUBLIC")
    control.run("GRANT SELECT, UPDATE ON bench.plain TO PUBLIC")


STATEMENTS = {
    "CANCEL JOB": ("CANCEL JOB %d",
                   "UPDATE bench.plain SET state = 'cancel-requested', modified = clock_timestamp() WHERE job_id = %d"),
    "SHOW JOB": ("SHOW JOB %d", "SELECT * FROM bench.plain WHERE job_id = %d"),
    "SHOW JOBS": ("SHOW JOBS",
                  "SELECT * FROM bench.plain WHERE finished IS NULL OR finished > now() - interval '12 hours'"
                  " ORDER BY job_id DESC"),
}


class Client(threading.Thread):
    """A session of a user that goes through its rounds when all are ready."""

    def __init__(self, i, side, jobs, ready):
        super().__init__()
        self.session = Session(user=user(i))
        self.side = side
        self.jobs = jobs
        self.ready = ready
        self.took = {name: [] for name in STATEMENTS}
        self.errors = []

    def run(self):
        self.go_round(self.jobs[0])         # fills caches, makes plans
        for took in self.took.values():
            took.clear()
        self.ready.wait()
        for job in self.jobs[1:]:
            self.go_round(job)
        self.session.close()

    def go_round(self, job):
        for name, texts in STATEMENTS.items():
            self.time(name, texts[self.side].replace("%d", str(job)))

    def time(self, name, text):
        begun = time.perf_counter()
        try:
            self.session.run(text)
            if self.session.cursor.description is not None:
                self.session.cursor.fetchall()
        except Exception as error:      # counted, whatever it is
            self.errors.append(str(error))
        self.took[name].append(time.perf_counter() - begun)


def run_clients(control, side):
    """All sessions at once, each on jobs of its own; returns the clients."""
    control.run("SELECT array_agg(job_id ORDER BY job_id) FROM jobs.job WHERE start_at IS NOT NULL"
                " GROUP BY owner ORDER BY owner")
    own = [ids[:ROUNDS + 1] for ids, in control.cursor.fetchall()]
    ready = threading.Barrier(SESSIONS)
    clients = [Client(i, side, own[i], ready) for i in range(SESSIONS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return clients


def measure_sessions(control):
    make_users(control)
    make_live_jobs(control)
    make_plain_jobs(control)
    ours = run_clients(control, 0)
    theirs = run_clients(control, 1)
    for name in STATEMENTS:
        us = [took for client in ours for took in client.took[name]]
        them = [took for client in theirs for took in client.took[name]]
        for q, what, limit in ((0.5, "p50", LIMIT_P50), (0.99, "p99", LIMIT_P99)):
            row(f"{SESSIONS} sessions, {LIVE} live jobs: {name}, {what}", ms(quantile(us, q)), ms(quantile(them, q)),
                f"x{quantile(us, q) / quantile(them, q):.2f}", len(us), f"<= {limit:.1f} s", quantile(us, q) <= limit)
    errors = [error for client in ours for error in client.errors]
    for error in sorted(set(errors))[:5]:
        say(error)
    row(f"{SESSIONS} sessions, {LIVE} live jobs: errors", str(len(errors)),
        str(sum(len(client.errors) for client in theirs)), "", len(ours) * ROUNDS * len(STATEMENTS), "0", not errors)


# A short list among many.

class Database:
    """A database with jobs of others that finished lately, and a few of the user's."""

    def __init__(self, name, others):
        owner = Session(dbname=name)
        owner.run("CREATE EXTENSION cancel_job")
        fill(owner, others, others)
        self.session = Session(dbname=name, user="bench_surface_few")
        self.session.run("SELECT count(jobs.submit('SELECT 1', start_at => now() + interval '1 day'))"
                         " FROM generate_series(1, %s)", FEW // 2)
        last = [self.session.ask("SELECT jobs.submit('SELECT 1')") for _ in range(FEW - FEW // 2)]
        wait_until_all(self.session, (last[0], last[-1]), "succeeded")
        owner.run("CREATE TABLE plain (LIKE jobs.job INCLUDING ALL)")
        owner.run("INSERT INTO plain SELECT * FROM jobs.job")
        owner.run("GRANT SELECT ON plain TO PUBLIC")
        for table in ("jobs.job", "jobs.queue", "jobs.message", "plain"):
            owner.run(f"VACUUM ANALYZE {table}")
        owner.close()

    def time(self, text):
        begun = time.perf_counter()
        self.session.run(text)
        rows = self.session.cursor.fetchall()
        took = time.perf_counter() - begun
        if len(rows) != FEW:
            raise AssertionError(f"{text} shows {len(rows)} jobs")
        return took

    def show_jobs(self):
        return self.time("SHOW JOBS")

    def look_up(self):
        return self.time("SELECT * FROM plain WHERE owner = current_user::regrole ORDER BY job_id DESC")


def measure_few(control):
    control.run("CREATE ROLE bench_surface_few LOGIN")
    for name in ("surface_less", "surface_many"):
        control.run(f"CREATE DATABASE {name}")
    less = Database("surface_less", LESS)
    say(f"filling {MANY} jobs in")
    many = Database("surface_many", MANY)
    control.run("CHECKPOINT")
    pairs = [in_changing_order(i, many.show_jobs, less.show_jobs) for i in range(PAIRS + 5)][5:]
    ratio, text = compared(pairs)
    us, them = medians(pairs)
    row(f"SHOW JOBS of {FEW} among {MANY}, against {FEW} among {LESS}", ms(us), ms(them), text, PAIRS,
        f"<= x{TIMES}, <= {1000 * LIMIT:.0f} ms", ratio <= TIMES and us <= LIMIT)
    pairs = [in_changing_order(i, many.show_jobs, many.look_up) for i in range(PAIRS + 5)][5:]
    us, them = medians(pairs)
    row(f"SHOW JOBS of {FEW} among {MANY}, against an indexed look-up", ms(us), ms(them), compared(pairs)[1], PAIRS)


main = Session()
keep_history(main)
say("a short list among many jobs")
measure_few(main)
say(f"{SESSIONS} sessions")
measure_sessions(main)
