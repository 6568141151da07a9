#!/usr/bin/python3
# A server that has the extension and does not use it, against the same server
# without it: transactions per second of pgbench -S -M prepared, 2 clients.
#
# Two servers are up at the same time, one with the library preloaded and the
# extension created, one with neither; pgbench runs on them in turn, for about
# half a second each.  Several times on the way they start anew and change roles,
# so that it does not count which of them has the luckier place in memory: that is
# worth some percent either way, and stays as long as a server is up.  The interval
# beside the ratio therefore comes from samples of whole blocks.
#
# Beside that, what a transaction takes of the processor: time that other
# programs take is not in it.  And what our own processes take meanwhile.
#
# With "control", neither server has it: how far from 1 that comes out tells what
# the machine lets anyone see.
#
# usage: bench_idle.py DATA-DIRECTORY PORT DATA-DIRECTORY PORT idle|control
import os
import re
import subprocess
import sys
import time
from statistics import median

from benchlib import Session, in_changing_order, ratio_of_blocks, row, samples, say
from benchproc import Processes

BLOCKS = 8              # the servers change roles between them
PAIRS = samples(12)     # in each
SECONDS = 0.5           # of each run of pgbench
SCALE = 2               # small, so that a warm-up reaches every page
WARM_UP = 40000         # transactions
TICK = os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, directory, port):
        self.directory = directory
        self.port = port
        self.processes = Processes(directory, "cancel_job")

    def session(self):
        return Session(port=self.port)

    def restart(self, preload):
        subprocess.run(["pg_ctl", "-D", self.directory, "-w", "-l", self.directory + ".log",
                        "-o", f"-c shared_preload_libraries={preload}", "restart"],
                       check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def become(self, ours):
        self.restart("cancel_job" if ours else "")
        session = self.session()
        if ours:
            session.run("CREATE EXTENSION IF NOT EXISTS cancel_job")
            session.wait("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
                         " AND backend_type = 'cancel_job coordinator')")
        else:
            session.run("DROP EXTENSION IF EXISTS cancel_job")
        session.close()
        self.run(WARM_UP)

    def pgbench(self, *options):
        done = subprocess.run(["pgbench", "-p", str(self.port), *options],
                              check=True, capture_output=True, text=True)
        return done.stdout

    def cpu_of_children(self):
        """Processor time of the children that have ended, in seconds."""
        with open(f"/proc/{self.processes.postmaster()}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / TICK

    def run(self, transactions):
        """Transactions per second, processor time per transaction."""
        before = self.cpu_of_children()
        said = self.pgbench("-n", "-S", "-M", "prepared", "-c", "2", "-j", "2",
                            "-t", str(transactions // 2))
        time.sleep(0.05)        # its backends are gone then
        cpu = self.cpu_of_children() - before
        tps = float(re.search(r"tps = ([0-9.]+) \(without", said).group(1))
        return tps, cpu / transactions


servers = [Server(sys.argv[1], int(sys.argv[2])), Server(sys.argv[3], int(sys.argv[4]))]
for server in servers:
    server.pgbench("-q", "-i", "-s", str(SCALE))

name = sys.argv[5]
control = name == "control"
blocks = []             # of pairs
wakeups = cpu = seconds = 0
for block in range(BLOCKS):
    ours, theirs = servers if block % 2 == 0 else reversed(servers)
    ours.become(not control)
    theirs.become(False)
    transactions = int(SECONDS * min(ours.run(WARM_UP // 4)[0], theirs.run(WARM_UP // 4)[0]))
    before, begun = ours.processes.use(), time.monotonic()
    blocks.append([in_changing_order(i, lambda: ours.run(transactions),
                                     lambda: theirs.run(transactions))
                   for i in range(PAIRS)])
    after = ours.processes.use()
    cpu += after[0] - before[0]
    wakeups += after[1] - before[1]
    seconds += time.monotonic() - begun
    say("block %d: tps x%.3f, CPU x%.3f" % (block + 1, median(a[0] / b[0] for a, b in blocks[-1]),
                                            median(a[1] / b[1] for a, b in blocks[-1])))

n = BLOCKS * PAIRS
for what, unit, each in (("pgbench -S", "{:.0f} tps", 0), ("CPU per transaction", "{:.1f} us", 1)):
    pairs = [(a[each], b[each]) for block in blocks for a, b in block]
    ratio, low, high = ratio_of_blocks([[(a[each], b[each]) for a, b in block] for block in blocks])
    factor = 1e6 if each == 1 else 1
    goal = each == 0 and not control
    row(f"{name}: {what}", unit.format(factor * median(a for a, b in pairs)),
        unit.format(factor * median(b for a, b in pairs)), f"x{ratio:.3f} ({low:.3f}..{high:.3f})", n,
        ">= x0.99" if goal else "", ratio >= 0.99 if goal else None)
if not control:
    row("idle: our processes, per minute", f"{60 * wakeups / seconds:.1f} wake-ups, {60000 * cpu / seconds:.1f} ms CPU",
        "none", "", n)
