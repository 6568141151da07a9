# The sessions of the torture test that create schedules and control them and their
# jobs.  What they did, and what a schedule was like then, is in torture.mark, for
# the checker.
import time

import psycopg2.extras

from torture_kinds import ANYONE, SCHEDULE_OWNERS, schedule_job
from torture_load import FORMS, Session, attempt
from torture_server import DATABASES

OWNERS = ANYONE + SCHEDULE_OWNERS

# So many schedules in a database are enough.
ENOUGH = 10

# What a session does next, and how often.
ACTS = {"create": 3, "pause": 2, "resume": 3, "drop": 1.2, "execute": 2,
        "cancel jobs": 2, "pause jobs": 1, "resume jobs": 2, "give": 0.6, "show": 1, "trespass": 0.3}

# When schedules are due, and how often that is drawn.  One that runs once does some
# seconds after it was created.
RECURRENCES = {"@every 1s": 5, "@every 2s": 2, "@every 3s": 1, "* * * * *": 1, "*/2 * * * *": 0.5, "@at": 1}

# Seconds by which a schedule may be late that nobody disturbs.
LATE = 3


class Scheduler(Session):
    """Creates, pauses, resumes, drops and executes schedules, gives them to others,
    and cancels, pauses and resumes their jobs."""

    def __init__(self, torture, number):
        super().__init__(torture, number)
        self.number = number
        self.count = 0

    def act(self):
        database = self.rng.choice(DATABASES)
        user = self.rng.choice(OWNERS)
        what = self.rng.choices(list(ACTS), ACTS.values())[0]
        form = self.rng.choice(FORMS)
        mode = self.rng.choices(("alone", "rolled back", "several"), (6, 1, 1))[0]
        count = self.rng.choice((1, 1, 2, 5))
        drawn = [self.draw() for _ in range(3)]
        pause = self.rng.expovariate(1 / 0.1)

        if what == "create":
            self.create(database, user, form, mode, drawn)
        elif what == "give":
            self.give(database)
        elif what == "show":
            self.show(database, user)
        elif what == "trespass":
            self.trespass(database)
        else:
            connection = self.connection(database, user)
            self.repeat(connection, mode, lambda: control(
                self.torture, connection, what, self.victims(connection, count), form))
        self.torture.over.wait(pause)

    # ---- creating

    def draw(self):
        """A schedule: its label, the kind of its jobs, the command, the options."""
        self.count += 1
        kind, job = schedule_job(self.rng)
        recurrence = self.rng.choices(list(RECURRENCES), RECURRENCES.values())[0]
        plan = dict(job.plan, recurrence=recurrence,
                    overlap=self.rng.choice(("wait", "skip", "start")),
                    failure=self.rng.choice(("retry", "reschedule", "pause")),
                    max_running=self.rng.randint(1, 3),
                    first_run=None if recurrence == "@at" else self.rng.choice((None, "now", "5 s ago")),
                    after=self.rng.randint(1, 5))
        return f"s{self.number}x{self.count}", kind, job.command, plan

    def create(self, database, user, form, mode, drawn):
        """Create one schedule, or several in a transaction, if there are not enough."""
        with self.connection(database, "postgres").cursor() as cursor:
            cursor.execute("SELECT count(*) FROM jobs.schedule")
            if cursor.fetchone()[0] >= ENOUGH:
                return
        connection = self.connection(database, user)
        left, made = list(drawn), []

        def act():
            made.append(left.pop())
            if attempt(self.torture, connection, "create schedule",
                       lambda cursor: self.insert(cursor, form, *made[-1])):
                made.pop()

        self.repeat(connection, mode, act)
        tell = self.torture.rolled_back if mode == "rolled back" else self.torture.committed
        for label, *_ in made:
            tell(database, label)

    def insert(self, cursor, form, label, kind, command, plan):
        recurrence, first_run = plan["recurrence"], plan["first_run"]
        cursor.execute("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC' + %s * interval '1 s',"
                       " '@at YYYY-MM-DD HH24:MI:SS'), (clock_timestamp() - interval '5 s')::text", (plan["after"],))
        at, ago = cursor.fetchone()
        if recurrence == "@at":
            recurrence = at
        if first_run == "5 s ago":
            first_run = ago
        values = {"label": label, "command": command, "recurrence": recurrence, "first_run": first_run,
                  "overlap": plan["overlap"], "failure": plan["failure"], "max_running": plan["max_running"]}
        if form.startswith("function"):
            cursor.execute("SELECT schedule_id FROM jobs.create_schedule(%(label)s, %(command)s, %(recurrence)s,"
                           " first_run => %(first_run)s, on_execution_failure => %(failure)s,"
                           " on_previous_running => %(overlap)s, max_running => %(max_running)s)", values)
        else:
            cursor.execute("CREATE SCHEDULE %(label)s FOR SQL %(command)s RECURRING %(recurrence)s"
                           " WITH SCHEDULE OPTIONS on_execution_failure = %(failure)s,"
                           " on_previous_running = %(overlap)s, max_running = %(max_running)s"
                           + (", first_run = %(first_run)s" if first_run else ""), values)
        schedule_id = cursor.fetchone()[0]
        cursor.execute("INSERT INTO torture.schedule VALUES (%s, %s, %s, %s)",
                       (schedule_id, label, kind.name, psycopg2.extras.Json(plan)))
        cursor.execute("SELECT torture.mark('create', ARRAY[%s])", (schedule_id,))

    # ---- controlling

    @staticmethod
    def victims(connection, count):
        """Schedules of the user's; in a database without any, one that is not there."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT schedule_id FROM jobs.schedules ORDER BY random() LIMIT %s", (count,))
            return [row[0] for row in cursor] or [999999999999]

    def give(self, database):
        """Give what one role owns to the other, or drop it.  Erin has frank's rights, but
        frank has not erin's, so that his schedules are paused when they become hers."""
        statement, giver, taker = self.rng.choice((
            ("REASSIGN OWNED BY erin TO frank", "erin", "frank"),
            ("REASSIGN OWNED BY frank TO erin", "frank", "erin"),
            ("DROP OWNED BY erin", "erin", None), ("DROP OWNED BY frank", "frank", None)))

        def act(cursor):
            cursor.execute("SELECT schedule_id FROM jobs.schedule WHERE owner = %s::regrole"
                           " ORDER BY schedule_id FOR UPDATE", (giver,))
            ids = [row[0] for row in cursor]
            cursor.execute(statement)
            cursor.execute("SELECT schedule_id FROM jobs.schedule WHERE schedule_id = ANY (%s)"
                           " AND (owner IS DISTINCT FROM %s::regrole"
                           "  OR next_run IS NOT NULL AND owner = 'erin'::regrole)", (ids, taker))
            for row in cursor:
                self.torture.find(f"{statement} in {database} has left schedule {row[0]} as it was")
            cursor.execute("SELECT torture.mark('give', ARRAY(SELECT schedule_id FROM torture.schedule))")
            cursor.execute("INSERT INTO torture.control SELECT %s, job_id FROM jobs.job"
                           " WHERE owner = %s::regrole AND state = %s",
                           ("pause", taker, "pause-requested") if taker else ("cancel", giver, "cancel-requested"))

        attempt(self.torture, self.connection(database, "postgres"), statement, act)

    def trespass(self, database):
        """Nobody's schedules are mallory's, and mallory sees none."""
        verb = self.rng.choice(("pause", "resume", "drop", "execute"))
        with self.connection(database, "postgres").cursor() as cursor:
            cursor.execute("SELECT schedule_id FROM jobs.schedules ORDER BY random() LIMIT 1")
            row = cursor.fetchone()
            connection = self.connection(database, "mallory")
            if row and control(self.torture, connection, verb, [row[0]], "statement one") != "42501":
                cursor.execute("SELECT FROM jobs.schedule WHERE schedule_id = %s", row)
                if cursor.rowcount:
                    self.torture.find(f"mallory could {verb} schedule {row[0]} of {database}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM [SHOW SCHEDULES]")
            if cursor.fetchone()[0]:
                self.torture.find(f"mallory sees schedules of {database}")

    def show(self, database, user):
        with self.connection(database, user).cursor() as cursor:
            cursor.execute("SELECT id, schedule_status, next_run FROM [SHOW SCHEDULES]")
            for schedule_id, status, next_run in cursor.fetchall():
                if (status == "PAUSED") != (next_run is None):
                    self.torture.find(f"SHOW SCHEDULES: schedule {schedule_id} is {status} and due at {next_run}")
        self.torture.outcomes["show schedules ok"] += 1


def control(torture, connection, what, ids, form):
    """Apply a verb, "pause" or "pause jobs", to schedules in one of its forms, and
    record that it was, in the same transaction.  Returns as attempt()."""
    verb, _, jobs = what.partition(" ")
    words = f"{verb.upper()} JOBS FOR SCHEDULE" if jobs else f"{verb.upper()} SCHEDULE"
    function = f"{verb}_jobs_for_schedules" if jobs else f"{verb}_schedules"
    if form.endswith("one"):
        ids = ids[:1]

    def act(cursor):
        if form == "statement one":
            cursor.execute(f"{words} %s", (ids[0],))
        elif form == "statement set":
            cursor.execute(f"{words}S SELECT unnest(%s::bigint[])", (ids,))
        else:
            cursor.execute(f"SELECT jobs.{function}(%s::bigint[])", (ids,))
        if jobs:
            cursor.execute("INSERT INTO torture.control SELECT %s, job_id FROM jobs.jobs WHERE finished IS NULL"
                           " AND created_by_type = 'crdb_schedule' AND created_by_id = ANY (%s)", (verb, ids))
        else:
            cursor.execute("SELECT torture.mark(%s, %s)", (verb, ids))

    return attempt(torture, connection, what if jobs else f"{what} schedule", act)


def settle_schedules(torture, database):
    """None stays late; then pause all of them."""
    connection = torture.server.connect(database)
    cursor = connection.cursor()
    limit = time.monotonic() + 30
    while True:
        cursor.execute("SELECT schedule_id, next_run, state FROM jobs.schedule"
                       " WHERE next_run < clock_timestamp() - %s * interval '1 s'", (LATE,))
        late = cursor.fetchall()
        if not late or time.monotonic() > limit:
            break
        time.sleep(0.1)
    for row in late:
        torture.find(f"{database}: a schedule stays late: {row}")
    cursor.execute("SELECT schedule_id FROM jobs.schedule")
    ids = [row[0] for row in cursor] or [0]

    def act(cursor):
        cursor.execute("SELECT torture.mark('look', %s)", (ids,))
        cursor.execute("PAUSE SCHEDULES SELECT unnest(%s::bigint[])", (ids,))
        cursor.execute("SELECT torture.mark('pause', %s)", (ids,))

    if attempt(torture, connection, "pause all schedules", act):
        torture.find(f"{database}: the schedules could not be paused")
    connection.close()
