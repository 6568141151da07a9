# What happens to the server under torture: processes killed, stopped for a moment,
# terminated; restarts; changed settings.
import collections
import random
import signal
import threading
import time

import psycopg2

from torture_server import DATABASES, ServerGone, end, status_of

WORKER = "cancel_job worker"
COORDINATOR = "cancel_job coordinator"
LAUNCHER = "cancel_job launcher"
CLIENT = "client backend"

# The actions, how often each is drawn, and the calls.
ACTIONS = (
    ("kill a worker", 3, lambda c: c.kill(WORKER)),
    ("kill a coordinator", 1.5, lambda c: c.kill(COORDINATOR)),
    ("kill the launcher", 0.7, lambda c: c.kill(LAUNCHER)),
    ("kill a client", 1, lambda c: c.kill(CLIENT)),
    ("kill the postmaster", 1, lambda c: c.kill_postmaster()),
    ("restart fast", 1, lambda c: c.restart("fast")),
    ("restart immediately", 1, lambda c: c.restart("immediate")),
    ("terminate a worker", 8, lambda c: c.ask("pg_terminate_backend", WORKER)),
    ("cancel a worker", 5, lambda c: c.ask("pg_cancel_backend", WORKER)),
    ("terminate a coordinator", 4, lambda c: c.ask("pg_terminate_backend", COORDINATOR)),
    ("terminate the launcher", 1, lambda c: c.ask("pg_terminate_backend", LAUNCHER)),
    ("terminate a client", 1, lambda c: c.ask("pg_terminate_backend", CLIENT)),
    ("stop a worker", 2, lambda c: c.stop(WORKER)),
    ("stop a coordinator", 2, lambda c: c.stop(COORDINATOR)),
    ("stop the launcher", 1, lambda c: c.stop(LAUNCHER)),
    ("hold at a pausepoint", 5, lambda c: c.hold()),
    ("lock the jobs", 3, lambda c: c.lock("SELECT FROM jobs.job WHERE finished IS NULL ORDER BY job_id"
                                          " FOR NO KEY UPDATE")),
    ("lock the schedules", 3, lambda c: c.lock("SELECT FROM jobs.schedule ORDER BY schedule_id FOR UPDATE")),
    ("change settings", 5, lambda c: c.change_settings()),
    ("switch the scheduler off", 2, lambda c: c.switch_off("scheduler", "jobs.scheduler_enabled")),
    ("switch statistics off", 1.5, lambda c: c.switch_off("statistics", "sql.stats_automatic_collection_enabled")),
    ("change a role", 2, lambda c: c.change_role()),
    ("drop a role", 2, lambda c: c.drop_role()),
    ("checkpoint", 1, lambda c: c.checkpoint()),
)


class Chaos(threading.Thread):
    """Does one thing after the other."""

    def __init__(self, torture):
        super().__init__(name="Chaos", daemon=True)
        self.torture = torture
        self.server = torture.server
        self.rng = random.Random(f"{torture.seed} chaos")
        self.story = []             # (time, what was done)
        self.count = collections.Counter()
        self.terminated = 0         # workers, each of which can have failed a job
        self.cancelled = 0
        self.off = {}               # what is switched off: (the setting, since when, until when)
        self.switched_off = []      # what was: (what, since when, until when)

    def run(self):
        names, weights, calls = zip(*ACTIONS)
        while not self.torture.over.wait(self.rng.expovariate(1 / self.torture.calm)):
            n = self.rng.choices(range(len(names)), weights)[0]
            try:
                self.switch_on()
                said = calls[n](self)
                if said is not None:
                    self.count[names[n]] += 1
                    self.tell(f"{names[n]}: {said}")
            except psycopg2.Error as e:
                self.tell(f"{names[n]}: {str(e).strip()}")
            except ServerGone as e:
                self.tell(f"{names[n]}: {e}")
                self.torture.find(f"after \"{names[n]}\": {e}")
                self.torture.over.set()
            except Exception as e:      # pylint: disable=broad-except
                self.torture.find(f"chaos broke down at \"{names[n]}\": {e!r}")
                raise

    def tell(self, what):
        self.story.append((time.time(), what))

    def query(self, query, *parameters):
        connection = self.server.connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, parameters or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def pick(self, backend_type):
        """One of the processes of a type, more often one at work; None if there is
        none."""
        rows = self.query("SELECT pid, application_name, state FROM pg_stat_activity"
                          " WHERE backend_type = %s AND pid <> pg_backend_pid() ORDER BY pid", backend_type)
        busy = [row for row in rows if row[2] == "active"]
        if busy and self.rng.random() < 0.8:
            rows = busy
        return self.rng.choice(rows) if rows else None

    def check_orphans(self):
        """Before a crash: nothing is left of what went well."""
        before = self.server.orphans()
        if before:
            time.sleep(1)
            for pid, command in self.server.orphans():
                if (pid, command) in before:
                    self.torture.find(f"process {pid} is left, without a crash: {command}")
                    end(pid, signal.SIGKILL)

    def kill(self, backend_type):
        found = self.pick(backend_type)
        if found is None:
            return None
        self.check_orphans()
        self.tell(f"killing {found[0]} ({backend_type}, {found[1]})")
        return f"{found[0]} {'killed' if self.server.crash_process(found[0]) else 'was gone'}"

    def kill_postmaster(self):
        self.check_orphans()
        pid = self.server.postmaster()
        self.tell(f"killing {pid} (postmaster)")
        self.server.crash_process(pid)
        return pid

    def restart(self, mode):
        self.check_orphans()
        self.tell(f"stopping ({mode})")
        return "done" if self.server.restart(mode) else "not stopped in time, stopped immediately"

    def ask(self, function, backend_type):
        found = self.pick(backend_type)
        if found is None:
            return None
        # counted before: the job can have failed when the connection is lost
        if backend_type == WORKER:
            self.terminated += function == "pg_terminate_backend"
            self.cancelled += function == "pg_cancel_backend"
        self.query(f"SELECT {function}(%s)", found[0])
        return f"{found[0]} {found[1]}"

    def stop(self, backend_type):
        found = self.pick(backend_type)
        if found is None:
            return None
        try:
            end(found[0], signal.SIGSTOP)
            time.sleep(self.rng.uniform(0.05, 0.8))
        finally:
            end(found[0], signal.SIGCONT)
        return f"{found[0]} {found[1]} {'' if status_of(found[0]) else '(gone)'}"

    def set_all(self, settings):
        connection = self.server.connect("postgres")
        try:
            with connection.cursor() as cursor:
                for name, value in settings.items():
                    cursor.execute(f"ALTER SYSTEM SET {name} = %s" if value is not None else
                                   f"ALTER SYSTEM RESET {name}", (value,) if value is not None else None)
                cursor.execute("SELECT pg_reload_conf()")
        finally:
            connection.close()

    def hold(self):
        """Let processes wait between two steps, and kill one of them there, or
        have it terminated, or restart the server, or none of that."""
        points = self.rng.sample(self.torture.pausepoints, min(2, len(self.torture.pausepoints)))
        then = self.rng.choice(("kill", "kill", "terminate", "restart", "nothing"))
        self.set_all({"jobs.debug_pausepoints": ", ".join(points)})
        try:
            self.torture.over.wait(self.rng.uniform(0.05, 0.5))
            held = self.query("SELECT pid, backend_type, query FROM pg_stat_activity"
                              " WHERE query LIKE 'pausepoint %%' AND state = 'active'"
                              " AND backend_type LIKE 'cancel_job %%' ORDER BY pid")
            if held and then != "nothing":
                pid, backend_type, point = self.rng.choice(held)
                self.tell(f"{backend_type} {pid} is held at {point}: {then}")
                if then == "terminate":
                    self.terminated += backend_type == WORKER
                    self.query("SELECT pg_terminate_backend(%s)", pid)
                elif then == "kill":
                    self.check_orphans()
                    self.server.crash_process(pid)
                else:
                    self.restart("immediate")
        finally:
            self.set_all({"jobs.debug_pausepoints": None})
        return f"{points}, where {len(held)} waited"

    def lock(self, query):
        """Lock the rows of all unfinished jobs, or of all schedules, as a transaction
        that controls them does, so that who wants to change them waits; and crash the
        server meanwhile, or do not."""
        then = self.rng.choice(("kill", "restart", "nothing"))
        connection = self.server.connect(self.rng.choice(DATABASES), lock_timeout="2s")
        try:
            cursor = connection.cursor()
            cursor.execute("BEGIN")
            cursor.execute(query)
            locked = cursor.rowcount
            self.torture.over.wait(self.rng.uniform(0.05, 0.6))
            if then == "kill":
                self.tell(f"{locked} rows are locked")
                return self.kill(WORKER)
            if then == "restart":
                self.tell(f"{locked} rows are locked")
                return self.restart("immediate")
            return f"{locked} for a moment"
        finally:
            connection.close()

    def change_settings(self):
        settings = {"jobs.max_running": self.rng.choice((0, 1, 2, 6, 10, 16)),
                    "jobs.worker_idle_timeout": self.rng.choice(("0", "50ms", "1s", "1min")),
                    "jobs.cancel_grace_period": self.rng.choice(("0", "100ms", "1s"))}
        if "jobs.max_running_per_owner" in self.torture.settings:
            settings["jobs.max_running_per_owner"] = self.rng.choice((0, 1, 3))
        self.set_all(settings)
        if settings["jobs.max_running"] == 0:
            self.torture.over.wait(0.5)
            self.set_all({"jobs.max_running": 10})
        return settings

    def switch_off(self, what, setting):
        """Let nothing start by itself, for a while in which chaos goes on."""
        seconds = self.rng.uniform(1.5, 4)
        if what in self.off:
            return None
        self.set_all({setting: "off"})
        self.off[what] = (setting, time.time(), time.time() + seconds)
        return f"for {seconds:.1f} s"

    def switch_on(self, at_once=False):
        for what, (setting, since, until) in list(self.off.items()):
            now = time.time()
            if at_once or now >= until:
                self.set_all({setting: None})
                self.switched_off.append((what, since, now))
                del self.off[what]

    def change_role(self):
        role = self.rng.choice(("alice", "bob", "carol", "dave"))
        self.query(f"ALTER ROLE {role} SET torture.changed = %s", str(self.rng.random()))
        return role

    def drop_role(self):
        """One that owns schedules; another one of its name takes the place."""
        self.query("DROP ROLE grace; CREATE ROLE grace LOGIN")
        return "grace"

    def checkpoint(self):
        self.query("CHECKPOINT")
        return "done"

    def calm_down(self):
        """The settings as they were."""
        self.switch_on(at_once=True)
        self.query("ALTER SYSTEM RESET ALL")
        self.set_all(self.torture.wanted_settings())
