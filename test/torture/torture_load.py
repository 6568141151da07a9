# The sessions of the torture test: those that submit jobs, and those that control
# them.  What each does next comes from its own generator, and so from the seed;
# when, and what it meets there, does not.
import collections
import random
import threading
import time

import psycopg2
import psycopg2.extras

from torture_kinds import ANYONE, possible_kinds
from torture_server import DATABASES

# Unfinished jobs in a database beyond which submitters wait: by turns so many that
# jobs have to wait for workers, and so few that workers have to wait for jobs.
TIDES = (50, 5)
TIDE_SECONDS = 4

# What a control statement may answer: wrong state, no such job, not yours, lock
# timeout, deadlock (of transactions with several statements), a row that was
# changed since the snapshot (of owners whose transactions keep theirs).
REFUSALS = {"55000", "42704", "42501", "55P03", "40P01", "40001"}

# The server, or this session of it, was stopped under our feet.
LOST = {None, "57P01", "57P02", "57P03", "08006", "08000", "53300"}


class Session(threading.Thread):
    """A client that goes on and on, and connects again whenever it must."""

    def __init__(self, torture, number):
        super().__init__(name=f"{type(self).__name__} {number}", daemon=True)
        self.torture = torture
        self.rng = random.Random(f"{torture.seed} {self.name}")
        self.connections = {}

    def connection(self, database, user):
        key = (database, user)
        found = self.connections.get(key)
        if found is None or found.closed:
            # what a session was told is committed must be there after a crash
            found = self.torture.server.connect(database, user, lock_timeout="2s",
                                                synchronous_commit="on")
            self.connections[key] = found
        return found

    def forget(self):
        for connection in self.connections.values():
            try:
                connection.close()
            except psycopg2.Error:
                pass
        self.connections.clear()

    def repeat(self, connection, mode, act):
        """Act: alone, several times in a transaction, or in one that is rolled back."""
        if mode == "alone":
            act()
            return
        connection.autocommit = False
        try:
            for _ in range(1 if mode == "rolled back" else 3):
                connection.cursor().execute("SAVEPOINT torture")
                act()
                time.sleep(self.rng.choice((0, 0, 0.1, 0.3)))
            (connection.rollback if mode == "rolled back" else connection.commit)()
        finally:
            if not connection.closed:
                connection.rollback()
                connection.autocommit = True

    def run(self):
        while not self.torture.over.is_set():
            try:
                self.act()
            except psycopg2.Error as e:
                # a serializable session may fail at anything it reads
                if e.pgcode not in LOST | {"40001"}:
                    self.torture.find(f"{self.name}: error {e.pgcode}: {e}")
                self.forget()
                time.sleep(0.1)
            except Exception as e:      # pylint: disable=broad-except
                self.torture.find(f"{self.name} broke down: {e!r}")
                raise
        self.forget()


def may_be_refused(job):
    return job.parameters.get("on_exclusive") == "refuse"


class Submitter(Session):
    """Submits jobs: one by one, several in a transaction, in transactions and
    savepoints that are rolled back."""

    def __init__(self, torture, number):
        super().__init__(torture, number)
        self.number = number
        self.count = 0
        self.drawn = []         # the jobs of the current act
        self.owner = self.rng.choice(ANYONE)
        self.kinds = possible_kinds(torture.parameters)
        self.weights = [k.weight for k in self.kinds]
        self.last = collections.defaultdict(list)       # jobs of ours, by database and owner
        self.waiting = []                               # what we are to cancel, and when

    def act(self):
        self.cancel_endless()
        database = self.rng.choice(DATABASES)
        # one owner's jobs in a row, for a worker to run several of them
        if self.rng.random() < 0.1:
            self.owner = self.rng.choice(ANYONE)
        owner = self.owner
        mode = self.rng.choices(("single", "several", "rolled back", "savepoint", "prepared"),
                                (10, 4, 1, 1, 0.5))[0]
        self.drawn = []
        jobs = [self.draw() for _ in range(1 if mode == "single" else self.rng.randint(1, 4))]
        if self.torture.unfinished(database) > TIDES[int(time.monotonic() / TIDE_SECONDS) % len(TIDES)]:
            time.sleep(0.05)
            return
        try:
            getattr(self, "submit_" + mode.replace(" ", "_"))(database, owner, jobs)
        except psycopg2.Error as e:
            if e.pgcode != "42710" or not any(may_be_refused(job) for job in self.drawn):
                raise
            self.torture.outcomes["submit refused"] += 1
        self.torture.over.wait(self.rng.expovariate(1 / 0.03))

    def draw(self):
        kind = self.rng.choices(self.kinds, self.weights)[0]
        self.count += 1
        token = f"t{self.number}x{self.count}"
        job = kind.make(self.rng, token)
        self.drawn.append(job)
        return kind, token, job

    def insert(self, connection, database, user, kind, token, job):
        """Submit a job in the connection's transaction; returns its id."""
        parameters = dict(command=job.command, description=token, **job.parameters)
        plan = dict(job.plan)
        if "depends_on" in parameters and self.last[database, user]:
            plan["depends_on"] = self.rng.choice(self.last[database, user][-3:])
            parameters["depends_on"] = [plan["depends_on"]]
        with connection.cursor() as cursor:
            if "start_at" in parameters:
                cursor.execute("SELECT (clock_timestamp() + %s::interval)::text", (parameters["start_at"],))
                parameters["start_at"] = plan["start_at"] = cursor.fetchone()[0]
            casts = {"depends_on": "bigint[]", "timeout": "interval", "start_at": "timestamptz"}
            arguments = [f"{name} => %({name})s::{casts[name]}" if name in casts else f"{name} => %({name})s"
                         for name in parameters]
            cursor.execute("INSERT INTO torture.submission (token, job_id, kind, plan)"
                           f" SELECT %(_token)s, jobs.submit({', '.join(arguments)}), %(_kind)s, %(_plan)s"
                           " RETURNING job_id",
                           dict(parameters, _token=token, _kind=kind.name,
                                _plan=psycopg2.extras.Json(plan)))
            return cursor.fetchone()[0]

    def made(self, database, user, kind, token, job_id):
        """A job of ours is known to be committed."""
        self.torture.committed(database, token)
        self.last[database, user].append(job_id)
        if kind.cancel:
            self.waiting.append((time.monotonic() + self.rng.uniform(0, 2), database, job_id))

    def cancel_endless(self):
        now = time.monotonic()
        for due in [w for w in self.waiting if w[0] <= now]:
            self.waiting.remove(due)
            control(self.torture, self.connection(due[1], "postgres"), "cancel", [due[2]], "function one")

    def submit_single(self, database, owner, jobs):
        for kind, token, job in jobs:
            user = owner if owner in kind.owners else kind.owners[0]
            job_id = self.insert(self.connection(database, user), database, user, kind, token, job)
            self.made(database, user, kind, token, job_id)

    def in_transaction(self, database, owner, jobs, last):
        """Submit all in one transaction, of the owner that all of them may have;
        returns the ids."""
        connection = self.connection(database, owner)
        connection.autocommit = False
        try:
            ids = [self.insert(connection, database, owner, *job) for job in jobs]
            time.sleep(self.rng.choice((0, 0, 0.05)))
            last(connection)
            return ids
        finally:
            if not connection.closed:
                connection.rollback()
                connection.autocommit = True

    def of_anyone(self, owner, jobs):
        return [(kind, token, job) for kind, token, job in jobs if owner in kind.owners]

    def submit_several(self, database, owner, jobs):
        jobs = self.of_anyone(owner, jobs)
        ids = self.in_transaction(database, owner, jobs, lambda c: c.commit())
        for (kind, token, _), job_id in zip(jobs, ids):
            self.made(database, owner, kind, token, job_id)

    def submit_rolled_back(self, database, owner, jobs):
        jobs = self.of_anyone(owner, jobs)
        self.in_transaction(database, owner, jobs, lambda c: c.rollback())
        for _, token, _ in jobs:
            self.torture.rolled_back(database, token)

    def submit_savepoint(self, database, owner, jobs):
        jobs = self.of_anyone(owner, jobs)

        def half(connection):
            cursor = connection.cursor()
            cursor.execute("SAVEPOINT s")
            extra = [self.draw() for _ in range(2)]
            for kind, token, job in self.of_anyone(owner, extra):
                self.insert(connection, database, owner, kind, token, job)
                self.torture.rolled_back(database, token)
            cursor.execute("ROLLBACK TO s")
            connection.commit()

        ids = self.in_transaction(database, owner, jobs, half)
        for (kind, token, _), job_id in zip(jobs, ids):
            self.made(database, owner, kind, token, job_id)

    def submit_prepared(self, database, owner, jobs):
        """PREPARE TRANSACTION is refused: its commit could not wake anybody."""
        jobs = self.of_anyone(owner, jobs)[:1]

        def prepare(connection):
            if not jobs:
                return
            try:
                connection.cursor().execute(f"PREPARE TRANSACTION 'torture {self.name}'")
                self.torture.find("a transaction with a submitted job could be prepared")
            except psycopg2.errors.FeatureNotSupported:     # pylint: disable=no-member
                self.torture.outcomes["PREPARE TRANSACTION refused"] += 1

        self.in_transaction(database, owner, jobs, prepare)
        for _, token, _ in jobs:
            self.torture.rolled_back(database, token)


FORMS = ("statement one", "statement set", "function one", "function set")


def attempt(torture, connection, what, act):
    """Let act do with a cursor what may be refused: in a transaction, or behind the
    savepoint "torture" of one.  Returns the SQLSTATE of a refusal, None if there was
    none."""
    with connection.cursor() as cursor:
        try:
            autocommit = connection.autocommit
            if autocommit:
                cursor.execute("BEGIN")
            act(cursor)
            if autocommit:
                cursor.execute("COMMIT")
        except psycopg2.Error as e:
            torture.outcomes[f"{what} {e.pgcode or 'lost'}"] += 1
            if e.pgcode not in REFUSALS:
                raise
            cursor.execute("ROLLBACK" if autocommit else "ROLLBACK TO torture")
            return e.pgcode
    torture.outcomes[f"{what} ok"] += 1
    return None


def control(torture, connection, verb, ids, form):
    """Apply a verb to jobs in one of its forms, and record that it was, in the
    same transaction.  Returns as attempt()."""
    if form.endswith("one"):
        ids = ids[:1]

    def act(cursor):
        if form == "statement one":
            cursor.execute(f"{verb.upper()} JOB %s", (ids[0],))
        elif form == "statement set":
            cursor.execute(f"{verb.upper()} JOBS (SELECT unnest(%s::bigint[]))", (ids,))
        elif form == "function one":
            cursor.execute(f"SELECT jobs.{verb}(%s)", (ids[0],))
        else:
            cursor.execute(f"SELECT jobs.{verb}_jobs(%s::bigint[])", (ids,))
        if form.startswith("statement") and cursor.statusmessage != f"{verb.upper()} JOBS {len(ids)}":
            torture.find(f"{verb} of {len(ids)} jobs answered {cursor.statusmessage}")
        cursor.execute("INSERT INTO torture.control SELECT %s, unnest(%s::bigint[])", (verb, ids))

    return attempt(torture, connection, verb, act)


class Controller(Session):
    """Cancels, pauses and resumes whatever jobs there are, and looks at them."""

    def act(self):
        database = self.rng.choice(DATABASES)
        user = self.rng.choices((*ANYONE, "postgres", "mallory"), (1, 1, 1, 1, 4, 0.5))[0]
        verb = self.rng.choices(("cancel", "pause", "resume", "show"), (3, 3, 4, 2))[0]
        form = self.rng.choice(FORMS)
        mode = self.rng.choices(("alone", "rolled back", "several"), (6, 1, 1))[0]
        count = self.rng.choice((1, 1, 2, 5))
        pause = self.rng.expovariate(1 / 0.06)

        if verb == "show":
            self.show(database, user)
        elif user == "mallory":
            self.trespass(database, verb, form)
        else:
            self.control(database, user, verb, form, mode, count)
        self.torture.over.wait(pause)

    def victims(self, database, user, verb, count):
        """Jobs of which the verb may be asked, for the most part."""
        wanted = {"cancel": "{pending,running,running,paused}", "pause": "{pending,running,reverting}",
                  "resume": "{paused,paused,pause-requested}"}[verb]
        query = ("SELECT job_id FROM jobs.jobs ORDER BY random() LIMIT %s" if self.rng.random() < 0.05 else
                 "SELECT job_id FROM jobs.jobs WHERE finished IS NULL AND status = ANY (%s)"
                 " ORDER BY random() LIMIT %s")
        with self.connection(database, user).cursor() as cursor:
            cursor.execute(query, (wanted, count) if "ANY" in query else (count,))
            return [row[0] for row in cursor] or [999999999999]

    def control(self, database, user, verb, form, mode, count):
        connection = self.connection(database, user)
        self.repeat(connection, mode, lambda: control(
            self.torture, connection, verb, self.victims(database, user, verb, count), form))

    def trespass(self, database, verb, form):
        """Nobody's jobs are mallory's, and mallory sees none."""
        connection = self.connection(database, "mallory")
        with self.connection(database, "postgres").cursor() as cursor:
            cursor.execute("SELECT job_id FROM torture.submission ORDER BY random() LIMIT 1")
            row = cursor.fetchone()
        if row and control(self.torture, connection, verb, [row[0]], form) != "42501":
            self.torture.find(f"mallory could {verb} job {row[0]} of {database}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM [SHOW JOBS]")
            if cursor.fetchone()[0]:
                self.torture.find(f"mallory sees jobs of {database}")

    def show(self, database, user):
        with self.connection(database, user).cursor() as cursor:
            cursor.execute("SELECT job_id, status, fraction_completed FROM [SHOW JOBS]")
            for job_id, status, fraction in cursor.fetchall():
                if not 0 <= fraction <= 1:
                    self.torture.find(f"SHOW JOBS: job {job_id} is {status} at {fraction}")
        self.torture.outcomes["show ok"] += 1
