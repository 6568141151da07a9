# The kinds of jobs of the torture test: what each runs, and what must be true
# of it in the end.  A new kind is one more function here.
#
# A kind is a function of a random generator and a token that returns a Job; the
# decorator says how often it is drawn, for a session's jobs and for a schedule's,
# who may own it and how it is judged.
from dataclasses import dataclass, field

ANYONE = ("alice", "bob", "carol", "dave")

# Owners of schedules only: what one of the first two owns is given to the other, or
# dropped; the last one is dropped itself, and comes anew.
SCHEDULE_OWNERS = ("erin", "frank", "grace")

KINDS = {}


@dataclass
class Job:
    """What is submitted: the commands, parameters of jobs.submit() by name, and
    what the judge needs to know of this job."""
    command: str
    parameters: dict = field(default_factory=dict)
    plan: dict = field(default_factory=dict)


@dataclass
class Kind:
    name: str
    make: object
    judge: object
    weight: float
    scheduled: float        # its weight among the kinds of a schedule's jobs
    owners: tuple
    needs: frozenset        # parameters that jobs.submit() must have
    may_fail: frozenset     # SQLSTATEs with which such a job may fail by itself
    doomed: bool            # it never succeeds
    cancels_itself: bool
    cancel: bool            # endless: who submits it cancels it


@dataclass
class Record:
    """A job as it is found at the end."""
    token: str
    job_id: int
    kind: Kind
    plan: dict
    state: str
    sqlstate: str
    states: list            # its state messages
    effects: dict           # what -> rows (attempt, began, ended)
    row: dict               # of jobs.job
    everything: object      # all records of the database, by id
    origin: str = ""        # how it was made, if not by a session

    def count(self, what):
        return len(self.effects.get(what, ()))


def kind(weight=1.0, scheduled=0.0, owners=ANYONE, judge=None, needs=(), may_fail=(), doomed=False,
         cancels_itself=False, cancel=False):
    def register(make):
        KINDS[make.__name__] = Kind(make.__name__, make, judge or judge_exactly_once, weight, scheduled,
                                    tuple(owners), frozenset(needs), frozenset(may_fail), doomed,
                                    cancels_itself, cancel)
        return make
    return register


def literal(value):
    return "'" + str(value).replace("'", "''") + "'"


def commands(token, *rest, work=True):
    """The usual job: enter, do what it does, leave its effect."""
    parts = [f"SELECT torture.enter({literal(token)})", *rest]
    if work:
        parts.append(f"SELECT torture.work({literal(token)})")
    return ";\n".join(parts)


# ---- judges: each yields what is wrong with a record

def judge_exactly_once(job):
    wanted = 1 if job.state == "succeeded" else 0
    if job.count("work") != wanted:
        yield f"is {job.state} and happened {job.count('work')} times, not {wanted}"
    if job.count("never"):
        yield "left what it had rolled back"
    if job.count("undo"):
        yield "was undone, and has nothing to undo it with"


def judge_nothing(job):
    if job.effects:
        yield f"left {sorted(job.effects)}, and should have left nothing"


def attempts_of(job):
    """The numbers of the steps of each attempt, in their order."""
    attempts = {}
    for what, rows in job.effects.items():
        if what.startswith("step "):
            for attempt, _, _ in rows:
                attempts.setdefault(attempt, []).append(int(what[len("step "):]))
    return [sorted(steps) for steps in attempts.values()]


def judge_steps(job):
    """At least once, each attempt from the first step on, none twice."""
    attempts = attempts_of(job)
    for steps in attempts:
        if steps != list(range(1, len(steps) + 1)):
            yield f"has an attempt with the steps {steps}"
    if job.state == "succeeded" and not any(len(s) == job.plan["steps"] for s in attempts):
        yield f"succeeded, but has no whole attempt among {attempts}"
    if not job.row["started"] and attempts:
        yield "never started and has steps"
    # a crash, or the late signal of a pause, begins an attempt without a message
    runs = job.states.count("running") + job.states.count("paused") + job.plan["crashes"]
    runs += job.row.get("attempts", 0)
    if len(attempts) > runs:
        yield f"has {len(attempts)} attempts of at most {runs}"


def judge_undone(job):
    """Steps that commit, and a clean-up that ran if and only if the job reverted."""
    reverted = job.state in ("failed", "canceled") and "reverting" in job.states
    if job.state in ("failed", "canceled"):
        if attempts_of(job):
            yield f"is {job.state} and its steps are still there"
        if job.row["started"] and not reverted:
            yield f"is {job.state}, had started, and has not been reverting"
    if job.state == "succeeded":
        yield from judge_steps(job)
    if job.count("undo") != int(reverted):
        yield f"is {job.state} and was undone {job.count('undo')} times, not {int(reverted)}"


def judge_child_too(job):
    yield from judge_exactly_once(job)
    children = [r for r in job.everything.values() if r.plan.get("parent") == job.token]
    wanted = 1 if job.state == "succeeded" else 0
    if len(children) != wanted:
        yield f"is {job.state} and has {len(children)} children, not {wanted}"


def judge_table(job):
    """The table that a job makes is there if and only if the job succeeded."""
    yield from judge_exactly_once(job)
    if job.plan["exists"] != (job.state == "succeeded"):
        yield f"is {job.state} and its table is {'' if job.plan['exists'] else 'not '}there"


def judge_index(job):
    """A valid index if it succeeded, none at all if it was undone."""
    if job.state == "succeeded" and not job.plan["valid"]:
        yield "succeeded and has no valid index"
    if job.state in ("failed", "canceled") and job.plan["exists"]:
        yield f"is {job.state} and left its index"


def judge_at_least_once(job):
    if job.state == "succeeded" and not job.count("work"):
        yield "succeeded and has not happened"
    if job.count("never"):
        yield "left what it had rolled back"


def judge_start(job):
    yield from judge_exactly_once(job)
    if job.row["started"] and job.row["early"]:
        yield "started too early"


def judge_exclusive(job):
    """No two of an owner's with the same key at the same time."""
    yield from judge_exactly_once(job)
    for began, ended in ((b, e) for _, b, e in job.effects.get("work", ())):
        for other in job.everything.values():
            if other.job_id < job.job_id and other.plan.get("key") == job.plan["key"] and \
               other.row["owner"] == job.row["owner"]:
                for _, b, e in other.effects.get("work", ()):
                    if began < e and b < ended:
                        yield f"ran at the same time as job {other.job_id} with its key"


def judge_dependent(job):
    yield from judge_exactly_once(job)
    if not job.row["started"] or "depends_on" not in job.plan:
        return
    dependency = job.everything.get(job.plan["depends_on"])
    # a clean-up that was given up can be tried again, and ends anew
    if dependency is None or dependency.row["finished"] is None or \
       job.row["started"] < dependency.row["finished"] and "revert-failed" not in dependency.states:
        yield f"started before job {job.plan['depends_on']} had finished"
    elif job.plan["on_failure"] == "cancel" and dependency.state != "succeeded":
        yield f"started, although job {dependency.job_id} is {dependency.state}"


# ---- what can run in a transaction block: exactly once

@kind(weight=8, scheduled=4)
def plain(rng, token):
    return Job(commands(token))


@kind(weight=4, scheduled=3)
def sleeper(rng, token):
    return Job(commands(token, f"SELECT pg_sleep({rng.uniform(0.02, 1.5):.3f})"))


@kind(weight=0, scheduled=2)
def long(rng, token):
    """Outlasts the times at which a schedule is due."""
    return Job(commands(token, f"SELECT pg_sleep({rng.uniform(1, 6):.3f})"))


@kind(weight=2, owners=("alice", "bob", "carol", "dave", "postgres"), cancel=True, doomed=True)
def endless(rng, token):
    return Job(commands(token, "SELECT pg_sleep(100000)"))


@kind(weight=1, cancel=True, doomed=True)
def endless_loop(rng, token):
    return Job(commands(token, "DO 'BEGIN LOOP PERFORM 1; END LOOP; END'"))


@kind(weight=2, scheduled=1)
def swallower(rng, token):
    return Job(commands(token, f"SELECT torture.swallow({rng.uniform(0.1, 2):.2f})"))


@kind(weight=2, scheduled=1, may_fail={"40001"})
def counter(rng, token):
    return Job(commands(token, "UPDATE torture.counter SET n = n + 1"))


@kind(weight=1, scheduled=0.5)
def temporary_table(rng, token):
    drop = rng.choice(("", " ON COMMIT DROP"))
    return Job(commands(token, f"CREATE TEMPORARY TABLE torture_temporary{drop}"
                               " AS SELECT generate_series(1, 1000) n"))


@kind(weight=1, scheduled=0.5)
def advisory_lock(rng, token):
    return Job(commands(token, f"SELECT pg_advisory_lock(2, {rng.randint(1, 3)})",
                        f"SELECT pg_sleep({rng.uniform(0, 0.3):.3f})"))


@kind(weight=1, scheduled=0.5)
def session_state(rng, token):
    return Job(commands(token, "SET torture.leak = 'set'",
                        "PREPARE torture_statement AS SELECT 1", "EXECUTE torture_statement",
                        "DECLARE torture_cursor CURSOR WITH HOLD FOR SELECT generate_series(1, 100)",
                        "SET search_path = nowhere", "SET enable_seqscan = off"))


@kind(weight=1)
def large_result(rng, token):
    return Job(commands(token, "SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))


@kind(weight=1, scheduled=0.3)
def spill(rng, token):
    """Sorts on disk: its temporary files go with it."""
    return Job(commands(token, "SELECT count(*) FROM (SELECT md5(n::text) m"
                               " FROM generate_series(1, 150000) n ORDER BY 1) s"))


@kind(weight=1, judge=judge_table)
def table_maker(rng, token):
    return Job(commands(token, f"CREATE TABLE torture.made_{token} AS SELECT generate_series(1, 100) n"),
               plan={"table": f"made_{token}"})


@kind(weight=1, scheduled=0.5)
def savepoints(rng, token):
    return Job(commands(token,
                        "DO $$BEGIN BEGIN PERFORM torture.work(" + literal(token) + ", 'never');"
                        " RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END; END$$"))


@kind(weight=1, scheduled=0.5)
def notices(rng, token):
    return Job(commands(token, "DO $$BEGIN FOR n IN 1 .. 20 LOOP RAISE NOTICE 'notice %', n;"
                               " PERFORM jobs.report_progress(n / 20.0, 'notice ' || n);"
                               " END LOOP; RAISE WARNING 'a job''s warning'; END$$", "NOTIFY torture"))


@kind(weight=2, judge=judge_child_too, may_fail={"CJ005"})
def parent(rng, token):
    return Job(commands(token, f"SELECT torture.submit_child({literal(token)}, {literal(token + 'c')})",
                        f"SELECT torture.fail_sometimes({rng.choice((0, 0.5))}, 'CJ005')"))


@kind(weight=0)
def child(rng, token):
    """Made by a parent only."""
    return Job(commands(token))


@kind(weight=0)
def meeting(rng, token):
    """Made at the end, see Torture.fill()."""
    return Job(f"SELECT torture.meet({literal(token)}, 1)")


@kind(weight=0, judge=judge_nothing, may_fail={"55P03", "57014", "CJ007"})
def statistics(rng, token):
    """Made by the extension itself."""
    return Job("")


@kind(weight=3, may_fail={"40P01", "40001"})
def meddler(rng, token):
    verb = rng.choice(("cancel", "cancel", "pause", "resume"))
    return Job(commands(token, f"SELECT torture.meddle({literal(token)}, '{verb}')"))


@kind(weight=1, doomed=True, cancels_itself=True, judge=judge_nothing)
def cancels_itself(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})",
                        f"SELECT jobs.cancel(torture.id_of({literal(token)}))", work=False))


@kind(weight=1, cancels_itself=True)
def pauses_itself(rng, token):
    return Job(commands(token, "SELECT CASE WHEN random() < 0.5 THEN"
                               f" jobs.pause(torture.id_of({literal(token)})) END"))


# ---- what fails

@kind(weight=2, scheduled=2, doomed=True, may_fail={"22012"}, judge=judge_nothing)
def divides_by_zero(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})", "SELECT 1 / 0", work=False))


@kind(weight=1, scheduled=0.5, doomed=True, may_fail={"CJ004"}, judge=judge_nothing)
def fails_at_commit(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})",
                        f"INSERT INTO torture.checked VALUES ({literal(token)}, false)", work=False))


@kind(weight=1, scheduled=2, may_fail={"CJ005"})
def fails_sometimes(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})",
                        "SELECT torture.fail_sometimes(0.5, 'CJ005')", work=False))


@kind(weight=1, scheduled=0.5, doomed=True, may_fail={"57014"}, judge=judge_nothing)
def times_out(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})", "SET statement_timeout = '100ms'",
                        "SELECT pg_sleep(1000)", work=False))


@kind(weight=1, scheduled=0.3, doomed=True, may_fail={"57014"}, judge=judge_nothing)
def raises_cancel(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})",
                        "DO 'BEGIN RAISE query_canceled; END'", work=False))


@kind(weight=0.5, scheduled=0.3, doomed=True, may_fail={"57P01"}, judge=judge_nothing)
def terminates_itself(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})",
                        "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)", work=False))


@kind(weight=0.5, doomed=True, may_fail={"0A000"}, judge=judge_nothing)
def listens(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})", "LISTEN torture", work=False))


@kind(weight=0.5, doomed=True, may_fail={"25001"}, judge=judge_nothing)
def vacuum_in_block(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})", "VACUUM torture.churn",
                        work=False))


@kind(weight=0.5, doomed=True, may_fail={"42501"}, judge=judge_nothing)
def forbidden(rng, token):
    return Job(commands(token, f"SELECT torture.work({literal(token)})", "DELETE FROM jobs.job",
                        work=False))


# ---- programs

@kind(weight=2, owners=("alice",), may_fail={"38000"})
def program(rng, token):
    sleep = rng.uniform(0.05, 1)
    direction = rng.choice(("FROM", "TO"))
    end = "; echo line" if direction == "FROM" else ""
    return Job(commands(token, f"COPY torture.sink {direction} PROGRAM 'sleep {sleep:.3f}{end}'"))


@kind(weight=1, owners=("alice",), cancel=True, doomed=True, may_fail={"38000"})
def endless_program(rng, token):
    return Job(commands(token, "COPY torture.sink FROM PROGRAM 'sleep 100000'"))


@kind(weight=0.7, owners=("alice",), may_fail={"38000"})
def stubborn_program(rng, token):
    """Outlives SIGINT and SIGTERM, for a while."""
    return Job(commands(token, "COPY torture.sink FROM PROGRAM"
                               f" 'trap \"\" INT TERM; sleep {rng.uniform(0.5, 5):.3f}; echo line'"))


# ---- what commits on the way: at least once

@kind(weight=4, scheduled=1, judge=judge_steps)
def steps(rng, token):
    count = rng.randint(2, 8)
    return Job(f"CALL torture.steps({literal(token)}, {count}, {rng.uniform(0, 0.2):.3f})",
               plan={"steps": count})


@kind(weight=2, judge=judge_steps, may_fail={"22012"}, doomed=True)
def steps_then_fail(rng, token):
    return Job("SELECT set_config('torture.attempt', gen_random_uuid()::text, false);"
               + "".join(f"BEGIN; SELECT torture.work({literal(token)}, 'step {n}',"
                         " current_setting('torture.attempt')); COMMIT;" for n in (1, 2))
               + "SELECT 1 / 0", plan={"steps": 2})


@kind(weight=1, scheduled=0.5, judge=judge_steps)
def steps_in_text(rng, token):
    count = rng.randint(1, 4)
    return Job("SELECT set_config('torture.attempt', gen_random_uuid()::text, false);"
               + "".join(f"BEGIN; SELECT torture.work({literal(token)}, 'step {n}',"
                         " current_setting('torture.attempt')); COMMIT;" for n in range(1, count + 1)),
               plan={"steps": count})


@kind(weight=1, scheduled=0.5, judge=judge_at_least_once)
def rolls_back(rng, token):
    return Job(f"BEGIN; SELECT torture.work({literal(token)}, 'never'); ROLLBACK; BEGIN;"
               f" SAVEPOINT a; SELECT torture.work({literal(token)}, 'never'); ROLLBACK TO a;"
               f" SELECT torture.work({literal(token)}); COMMIT")


@kind(weight=0.7, owners=("postgres",), judge=judge_nothing, may_fail={"40P01"})
def vacuum(rng, token):
    return Job(rng.choice(("VACUUM torture.churn", "VACUUM (ANALYZE) torture.effect",
                           "VACUUM FULL torture.churn")))


@kind(weight=0.7, owners=("postgres",), judge=judge_index, may_fail={"40P01", "42P07"})
def concurrent_index(rng, token):
    return Job(f"CREATE INDEX CONCURRENTLY churn_{token} ON torture.churn (filler)",
               {"on_cancel": f"DROP INDEX IF EXISTS torture.churn_{token}"}, {"index": f"churn_{token}"})


# ---- what has a clean-up

@kind(weight=3, judge=judge_undone)
def undoable(rng, token):
    job = steps(rng, token)
    job.parameters["on_cancel"] = f"SELECT torture.undo({literal(token)})"
    return job


@kind(weight=2, judge=judge_undone, may_fail={"22012"}, doomed=True)
def fails_and_undoes(rng, token):
    job = steps_then_fail(rng, token)
    job.parameters["on_cancel"] = (f"SELECT torture.undo({literal(token)}),"
                                   f" pg_sleep({rng.uniform(0, 0.5):.3f})")
    return job


@kind(weight=1.5, judge=judge_undone, may_fail={"22012"}, doomed=True)
def undone_with_trouble(rng, token):
    job = steps_then_fail(rng, token)
    job.parameters["on_cancel"] = (f"SELECT torture.undo({literal(token)});"
                                   " SELECT torture.fail_sometimes(0.5, 'CJ003')")
    return job


# ---- what needs parameters that jobs.submit() may not have

@kind(weight=2, needs={"max_attempts"}, may_fail={"40001"})
def retried(rng, token):
    return Job(commands(token, "SELECT torture.fail_sometimes(0.5, '40001')"),
               {"max_attempts": rng.randint(1, 4)})


@kind(weight=1, needs={"timeout"}, may_fail={"57014"})
def limited(rng, token):
    return Job(commands(token, f"SELECT pg_sleep({rng.uniform(0, 0.6):.3f})"), {"timeout": "300 ms"})


@kind(weight=1, needs={"timeout"}, may_fail={"57014"}, judge=judge_undone)
def limited_and_undone(rng, token):
    job = undoable(rng, token)
    job.parameters["timeout"] = "300 ms"
    return job


@kind(weight=1, needs={"start_at"}, judge=judge_start)
def later(rng, token):
    return Job(commands(token), {"start_at": f"{rng.uniform(0, 4):.3f} seconds"})


@kind(weight=1, needs={"priority"})
def prior(rng, token):
    return Job(commands(token), {"priority": rng.randint(-5, 5)})


@kind(weight=2, needs={"exclusive_key", "on_exclusive"}, judge=judge_exclusive)
def exclusive(rng, token):
    key = f"key {rng.randint(1, 2)}"
    return Job(commands(token, f"SELECT pg_sleep({rng.uniform(0, 0.4):.3f})"),
               {"exclusive_key": key, "on_exclusive": rng.choice(("wait", "wait", "refuse"))}, {"key": key})


@kind(weight=2, needs={"depends_on", "on_dependency_failure"}, judge=judge_dependent)
def dependent(rng, token):
    """depends_on is filled in by who submits it."""
    on_failure = rng.choice(("cancel", "run"))
    return Job(commands(token), {"depends_on": None, "on_dependency_failure": on_failure},
               {"on_failure": on_failure})


def schedule_job(rng):
    """A kind and a job for a schedule to make, whose token is that of the job at
    work."""
    kinds = [k for k in KINDS.values() if k.scheduled]
    drawn = rng.choices(kinds, [k.scheduled for k in kinds])[0]
    job = drawn.make(rng, "token")
    job.command = job.command.replace(literal("token"), "torture.token()")
    return drawn, job


def possible_kinds(parameters):
    """The kinds that jobs.submit() with these parameters can make."""
    return [k for k in KINDS.values() if k.weight and k.needs <= parameters]
