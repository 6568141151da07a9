# The checker: what must be true when everything is over.
import glob
import os
import re

import psycopg2.extras

from torture_check_schedules import check_schedules
from torture_check_statistics import check_statistics
from torture_kinds import KINDS, Record
from torture_server import DATABASES, read

TERMINAL = {"succeeded", "failed", "canceled", "revert-failed"}

# The walk of states that README.md and src/job/README.md promise; None: the job
# did not exist.
NEXT = {
    None: {"pending"},
    "pending": {"running", "pause-requested", "cancel-requested", "failed"},
    "running": {"succeeded", "failed", "reverting", "pause-requested", "cancel-requested"},
    "paused": {"running", "reverting", "cancel-requested"},
    "pause-requested": {"paused", "succeeded", "failed", "canceled", "revert-failed"},
    "cancel-requested": {"canceled", "reverting", "succeeded"},
    "reverting": {"reverting", "failed", "canceled", "revert-failed", "pause-requested"},
    "revert-failed": {"reverting"},
    "succeeded": set(), "failed": set(), "canceled": set(),
}

# SQLSTATEs that a job can fail with because of what chaos did to its worker.
TERMINATED = {"57P01"}
CANCELLED = {"57014", "38000"}

# What a server log must not have: a look at the SQLSTATE, at what crashed, at
# what the server warns of.
BAD_LOG = re.compile(
    r"PANIC|TRAP:|\bunexpected\b|\bXX00[0-2]\b|(process|worker)\b.* was terminated by signal (?!9:)|leak|"
    r"you don't own a lock|problem in alloc|not closed|still referenced|stuck spinlock|"
    r"corrupt|invalid memory|out of memory", re.I)
GOOD_LOG = re.compile(
    r"unexpected EOF on client connection|unexpected postmaster exit|torture\.leak|child process was|"
    r"unexpected pageaddr")


class Checker:
    def __init__(self, torture, database):
        self.torture = torture
        self.database = database
        self.connection = torture.server.connect(database)
        self.records = {}

    def find(self, what, job_id=None, schedule_id=None):
        self.torture.find(f"{self.database}: {what}", self.database, job_id, schedule_id)

    def rows(self, query, *parameters):
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(query, parameters or None)
            return [dict(row) for row in cursor]

    def run(self):
        self.read()
        self.check_submissions()
        for record in self.records.values():
            self.check_job(record)
        self.check_totals()
        check_schedules(self)
        check_statistics(self)
        self.check_leftovers()
        self.check_relations()
        self.check_tables()
        self.connection.close()

    # ---- what was found

    def read(self):
        self.jobs = {row["job_id"]: row for row in self.rows("SELECT * FROM jobs.job")}
        self.states, self.effects = {}, {}
        for row in self.rows("SELECT job_id, message FROM jobs.message WHERE kind = 'state'"
                             " ORDER BY message_id"):
            self.states.setdefault(row["job_id"], []).append(row["message"])
        for row in self.rows("SELECT * FROM torture.effect"):
            self.effects.setdefault(row["token"], {}).setdefault(row["what"], []).append(
                (row["attempt"], row["began"], row["ended"]))
        self.relations = {row["relname"]: row["valid"] for row in self.rows(
            "SELECT relname, coalesce(indisvalid, true) AS valid FROM pg_class LEFT JOIN pg_index"
            " ON indexrelid = pg_class.oid WHERE relnamespace = 'torture'::regnamespace")}
        self.schedules = {row["schedule_id"]: row for row in self.rows("SELECT * FROM torture.schedule")}
        self.tokens = {}
        for row in self.rows("SELECT * FROM torture.submission"):
            self.read_job(row["token"], row["job_id"], row["kind"], dict(row["plan"], parent=row["parent"]))
        for job_id, job in self.jobs.items():
            schedule = self.schedules.get(job["created_by_id"]) if job["created_by_type"] else None
            if schedule:
                self.read_job(f"job {job_id}", job_id, schedule["kind"], schedule["plan"], "scheduled")
            elif job["automatic"]:
                self.read_job(f"job {job_id}", job_id, "statistics", {}, "automatic")
        for row in self.rows("SELECT job_id, started < (plan->>'start_at')::timestamptz AS early"
                             " FROM torture.submission s JOIN jobs.job j USING (job_id)"
                             " WHERE plan ? 'start_at'"):
            self.records[row["job_id"]].row["early"] = row["early"]

    def read_job(self, token, job_id, kind, plan, origin=""):
        self.tokens[token] = job_id
        job = self.jobs.get(job_id)
        if job is None:
            self.find(f"job {job_id} ({kind}, {token}) was submitted, and is not there")
            return
        plan = dict(plan, crashes=self.torture.server.crashes)
        relation = plan.get("table") or plan.get("index")
        plan["exists"], plan["valid"] = relation in self.relations, self.relations.get(relation, False)
        self.records[job_id] = Record(
            token, job_id, KINDS[kind], plan, job["state"], job["sqlstate"],
            self.states.get(job_id, []), self.effects.get(token, {}), job, self.records, origin)

    def check_submissions(self):
        """Committed submissions are there, rolled back ones are not, and nothing
        came from nowhere."""
        submitted = set(self.tokens.values())
        for job_id in self.jobs:
            if job_id not in submitted:
                self.find(f"job {job_id} was never submitted", job_id)
        known = self.tokens.keys() | {schedule["label"] for schedule in self.schedules.values()}
        for token in self.torture.tokens[self.database, "committed"] - known:
            self.find(f"what made {token} was committed, and is lost")
        for token in self.torture.tokens[self.database, "rolled back"] & known:
            self.find(f"what made {token} was rolled back, and is there", self.tokens.get(token))
        for token in self.effects:
            if token not in self.tokens:
                self.find(f"{token} had an effect, and was never submitted")

    # ---- each job

    def check_job(self, job):
        def find(what):
            self.find(f"job {job.job_id} ({job.kind.name}, {job.token}) {what}", job.job_id)

        if job.state not in TERMINAL:
            find(f"is still {job.state}")
            return
        for problem in job.kind.judge(job):
            find(problem)
        self.check_walk(job, find)
        self.check_row(job, find)
        if job.kind.doomed and job.state == "succeeded":
            find("succeeded, and cannot")
        if job.state == "failed" and not self.may_fail(job):
            find(f"failed with {job.sqlstate}: {job.row['error']}")

    def check_walk(self, job, find):
        before = None
        for state in job.states:
            if state not in NEXT[before] and not self.may_follow(job, before, state):
                find(f"went from {before} to {state}")
            before = state
        if before != job.state:
            find(f"is {job.state}, but its last message says {before}")

    def may_follow(self, job, before, state):
        """Changes that only jobs with certain parameters know."""
        if (before, state) == ("running", "running"):       # another attempt
            return "max_attempts" in self.torture.parameters
        return (before, state) in (("pending", "canceled"), ("running", "canceled")) and \
            "depends_on" in job.plan

    def check_row(self, job, find):
        row = job.row
        if row["claim_generation"] is not None or row["claim_server"] is not None:
            find("is finished, and has a claim")
        if row["finished"] is None:
            find("is finished at no time")
        elif row["started"] is not None and not row["created"] <= row["started"] <= row["finished"]:
            find(f"was created {row['created']}, started {row['started']}, finished {row['finished']}")
        # RESUME writes "running" as well, before a worker takes the job up
        if row["started"] is not None and "running" not in job.states:
            find(f"started {row['started']}, and its states are {job.states}")
        if row["started"] is None and (job.effects or
                                       "running" in job.states and "paused" not in job.states):
            find(f"never started, has {sorted(job.effects)}, and its states are {job.states}")
        if job.state == "succeeded" and (row["error"] or row["fraction"] != 1 or row["outcome"]):
            find(f"succeeded with error {row['error']}, fraction {row['fraction']},"
                 f" outcome {row['outcome']}")
        if job.state in ("failed", "canceled") and (row["outcome"] != job.state or not row["error"]):
            find(f"is {job.state} with error {row['error']} and outcome {row['outcome']}")
        if job.state == "canceled" and "cancel-requested" not in job.states and \
           "depends_on" not in job.plan:
            find("was cancelled, and nobody asked for it")

    def may_fail(self, job):
        # what the registry does for a job is part of its transaction, and so of
        # what serializable transactions may conflict in
        if job.row["owner"] == "bob" and job.sqlstate == "40001":
            return True
        if job.row["owner"].isdigit():      # that role was dropped
            return True
        return job.sqlstate in job.kind.may_fail | TERMINATED | CANCELLED

    # ---- all jobs together

    def check_totals(self):
        asked = {}
        for row in self.rows("SELECT verb, job_id, count(*) FROM torture.control GROUP BY 1, 2"):
            asked[row["verb"], row["job_id"]] = row["count"]
        for job in self.records.values():
            if job.kind.cancels_itself or "depends_on" in job.plan:
                continue
            for verb, state in (("cancel", "cancel-requested"), ("pause", "pause-requested")):
                requests = job.states.count(state)
                if requests > asked.get((verb, job.job_id), 0):
                    self.find(f"job {job.job_id} was {state} {requests} times, and asked"
                              f" {asked.get((verb, job.job_id), 0)} times", job.job_id)
        done = sum(r.state == "succeeded" and r.kind.name == "counter" for r in self.records.values())
        counted = self.rows("SELECT n FROM torture.counter")[0]["n"]
        if counted != done:
            self.find(f"{done} counters succeeded, and the count is {counted}")
        seen = self.rows("SELECT (SELECT count(*) FROM jobs.jobs) AS jobs,"
                         " (SELECT count(*) FROM jobs.messages m WHERE NOT EXISTS"
                         "  (SELECT FROM jobs.job j WHERE j.job_id = m.job_id)) AS strays")[0]
        if seen["jobs"] != len(self.jobs):
            self.find(f"jobs.jobs shows {seen['jobs']} of {len(self.jobs)} jobs")

    # ---- what is left

    def check_leftovers(self):
        for what, query in (
                ("a live job", "SELECT * FROM jobs.live()"),
                ("a claim", "SELECT job_id, state, claim_generation FROM jobs.job"
                            " WHERE claim_generation IS NOT NULL"),
                ("an advisory lock", "SELECT * FROM pg_locks WHERE locktype = 'advisory'"),
                ("a prepared transaction", "SELECT * FROM pg_prepared_xacts"),
                ("a replication slot", "SELECT * FROM pg_replication_slots"),
                ("a lock of a process of ours",
                 "SELECT l.* FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                 " WHERE a.backend_type LIKE 'cancel_job %' AND a.state IS DISTINCT FROM 'active'"
                 " AND locktype NOT IN ('virtualxid')"),
                ("a worker at work", "SELECT pid, application_name, state, query FROM pg_stat_activity"
                                     " WHERE backend_type = 'cancel_job worker' AND state <> 'idle'"),
                ("a temporary table", "SELECT oid::regclass FROM pg_class WHERE relpersistence = 't'"
                                      " AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type ="
                                      " 'cancel_job worker') AND relkind = 'r'")):
            for row in self.rows(query):
                self.find(f"{what} is left: {row}")
        for table in ("jobs.queue", "jobs.dependency"):
            if self.rows("SELECT to_regclass(%s) AS oid", table)[0]["oid"]:
                for row in self.rows(f"SELECT * FROM {table}"):
                    self.find(f"a row of {table} is left: {row}", row["job_id"])
        coordinators = self.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                                 " AND backend_type = 'cancel_job coordinator'")
        if len(coordinators) > 1:
            self.find(f"{len(coordinators)} coordinators")
        for row in coordinators:
            memory = self.torture.server.memory(row["pid"])
            self.torture.note(f"{self.database}: the coordinator uses {memory} kB of its own")
            if memory > 32 * 1024:
                self.find(f"the coordinator uses {memory} kB of memory of its own")
        for row in self.rows("SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'cancel_job %'"):
            self.check_files(row["pid"])

    def check_relations(self):
        """No file of a temporary table; and none without a relation, but those of
        transactions that a crash has ended, which PostgreSQL leaves."""
        self.rows("CHECKPOINT; SELECT 1")
        known = {str(row["node"]) for row in self.rows(
            "SELECT pg_relation_filenode(oid) AS node FROM pg_class WHERE relkind <> 'v'")}
        oid = self.rows("SELECT oid FROM pg_database WHERE datname = current_database()")[0]["oid"]
        strays = set()
        for name in os.listdir(f"{self.torture.server.data}/base/{oid}"):
            if re.match(r"t\d+_\d+", name):
                self.find(f"the file {name} of a temporary table is left")
            elif name[0].isdigit() and re.match(r"\d+", name).group() not in known:
                strays.add(name)
        if strays and self.torture.server.crashes == 0:
            self.find(f"files without a relation are left: {sorted(strays)}")
        self.torture.note(f"{self.database}: {len(strays)} files of tables that crashes have undone")

    def check_files(self, pid):
        """No idle process has a pipe that it did not begin with: a program's."""
        pipes = 0
        for fd in glob.glob(f"/proc/{pid}/fd/*"):
            try:
                pipes += os.readlink(fd).startswith("pipe:")
            except OSError:
                pass
        if pipes > 6:
            self.find(f"process {pid} has {pipes} pipes open")

    def check_tables(self):
        """The registry's own indexes, where the server has the means to tell."""
        if not self.rows("SELECT FROM pg_available_extensions WHERE name = 'amcheck'"):
            return
        self.rows("CREATE EXTENSION IF NOT EXISTS amcheck; SELECT 1")
        self.rows("SELECT bt_index_check(indexrelid, true) FROM pg_index"
                  " JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace = 'jobs'::regnamespace AND indisvalid")
        for row in self.rows("SELECT c.oid::regclass::text AS name, v.* FROM pg_class c,"
                             " LATERAL verify_heapam(c.oid) v WHERE c.relnamespace = 'jobs'::regnamespace"
                             " AND c.relkind = 'r'"):
            self.find(f"amcheck: {row}")


def check_failures(torture, checkers):
    """No more jobs were stopped from outside than chaos has stopped."""
    failed = {"terminated": 0, "cancelled": 0}
    for checker in checkers:
        for job in checker.records.values():
            if job.state == "failed" and job.sqlstate not in job.kind.may_fail:
                failed["terminated"] += job.sqlstate in TERMINATED
                failed["cancelled"] += job.sqlstate in CANCELLED
    conflicts = sum(job.sqlstate == "40001" for checker in checkers for job in checker.records.values())
    torture.note(f"{conflicts} jobs failed with a serialization failure")
    for what, done in (("terminated", torture.chaos.terminated), ("cancelled", torture.chaos.cancelled)):
        torture.note(f"{failed[what]} jobs failed, of {done} whose workers were {what}")
        if failed[what] > done:
            torture.find(f"{failed[what]} jobs failed as if {what}, and only {done} workers were")


def check_server(torture):
    """With the server stopped: no process, no file, nothing bad in the log."""
    server = torture.server
    for pid in server.processes():
        torture.find(f"process {pid} is left: {read(f'/proc/{pid}/cmdline')!r}")
    for pattern in ("base/pgsql_tmp/*", "pg_replslot/*", "pg_twophase/*", "postmaster.pid",
                    "pg_dynshmem/*", "pg_logical/snapshots/*"):
        for path in glob.glob(os.path.join(server.data, pattern)):
            if not path.endswith("pg_dynshmem/mmap"):
                torture.find(f"file {os.path.relpath(path, server.data)} is left")
    with open(server.log, encoding="utf-8", errors="replace") as log:
        log.seek(server.log_begins)
        bad = [line.rstrip() for line in log if BAD_LOG.search(line) and not GOOD_LOG.search(line)]
    for line in bad[:20]:
        torture.find(f"the server log says: {line}")


def all_checkers(torture):
    return [Checker(torture, database) for database in DATABASES]
