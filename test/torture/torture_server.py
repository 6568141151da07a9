# The server under torture: started, stopped and killed, its processes looked at.
import os
import re
import signal
import subprocess
import time

import psycopg2

DATABASES = ("torture_a", "torture_b")


class ServerGone(Exception):
    """The server did not come back, or did not stop."""


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode(errors="replace")
    except OSError:
        return ""


def status_of(pid):
    """The state, parent, group and session of a process; None if it is gone."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (fields[0], *map(int, fields[1:4])) if fields else None


def end(pid, signo):
    try:
        os.kill(pid, signo)
        return True
    except ProcessLookupError:
        return False


class Server:
    def __init__(self, bindir, data, log):
        self.bindir = bindir
        self.data = os.path.realpath(data)
        self.log = log
        self.crashes = 0            # of the server, whatever brought them about
        self.reaped = []            # programs that crashes have left behind
        self.log_begins = 0         # where this round's part of the log does

    def begin_round(self):
        """Be up, and forget what was; the log is read from here on."""
        if self.postmaster() is None:
            if not self.pg_ctl("start"):
                raise ServerGone("the server does not start")
        self.crashes = 0
        self.reaped = []
        self.log_begins = os.path.getsize(self.log)

    def connect(self, database, user="postgres", **settings):
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        connection = psycopg2.connect(dbname=database, user=user, options=options,
                                      application_name="torture")
        connection.autocommit = True
        return connection

    def pg_ctl(self, *arguments, timeout=60):
        command = [os.path.join(self.bindir, "pg_ctl"), "-D", self.data, "-l", self.log, "-w",
                   "-t", str(timeout), *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def postmaster(self):
        pid = read(os.path.join(self.data, "postmaster.pid")).split("\n")[0]
        return int(pid) if pid.isdigit() else None

    def processes(self):
        """All processes that live in the data directory: the server's and the
        programs that jobs have started."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                where = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            if where == self.data or where.startswith(self.data + "/"):
                found.append(int(pid))
        return found

    def orphans(self):
        """Those that do not descend from the postmaster."""
        postmaster = self.postmaster()
        found = []
        for pid in self.processes():
            at = pid
            while at > 1 and at != postmaster:
                status = status_of(at)
                at = status[1] if status else postmaster
            if at != postmaster:
                found.append((pid, read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()))
        return [(pid, command) for pid, command in found if status_of(pid)]

    def reap_programs(self):
        """End the programs of workers that were killed: PostgreSQL cannot."""
        for pid, command in self.orphans():
            if end(pid, signal.SIGKILL):
                self.reaped.append(command)

    def wait_until_up(self, seconds=60):
        """Wait for the server to take connections again, after a crash."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                for database in DATABASES:
                    self.connect(database).close()
                self.reap_programs()
                return
            except psycopg2.Error:
                time.sleep(0.05)
        raise ServerGone(f"the server has not come back after {seconds} s")

    def start(self, seconds=60):
        """Start it where it was killed: what is left of it may take a moment."""
        limit = time.monotonic() + seconds
        while not self.pg_ctl("start"):
            self.reap_programs()
            if time.monotonic() > limit:
                raise ServerGone(f"the server has not started within {seconds} s")
            time.sleep(0.2)
        self.wait_until_up()

    def crash_process(self, pid):
        """Kill one of its processes, and wait until it is over that.  Returns
        whether the process was there."""
        self.crashes += 1
        if not end(pid, signal.SIGKILL):
            return False
        if pid == self.postmaster():
            while status_of(pid):
                time.sleep(0.01)
            self.start()
        else:
            while status_of(pid):
                time.sleep(0.01)
            self.wait_until_up()
        return True

    def restart(self, mode):
        self.crashes += 1
        stopped = self.pg_ctl("stop", "-m", mode, timeout=20)
        if not stopped:
            # a program that ignores signals holds its worker up, as it would a session
            self.pg_ctl("stop", "-m", "immediate")
        self.start()
        return stopped

    def memory(self, pid):
        """The private memory of a process, in kB."""
        found = re.search(r"^RssAnon:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
        return int(found.group(1)) if found else 0
