#!/usr/bin/python3
# What automatic statistics cost in a database with 100,000 tables that somebody
# writes to all the time, with a look a second instead of a minute: processor
# time of our processes.  None of the tables is due, so that nothing but the looks is
# measured.
#
# The opponent is autovacuum with a naptime of a second, which looks for the same
# thing in the same tables.  They are measured one after the other.
import sys
import threading
import time

from benchlib import FRACTION, Session, row, samples, say
from benchproc import Processes

SECONDS = max(10, 60 * FRACTION)
TABLES = samples(100000, 5000)
BATCH = 1000
LIMIT = 0.01            # the goal: part of a processor


def make_tables(session):
    for first in range(0, TABLES, BATCH):
        session.run(f"DO $$ BEGIN FOR i IN {first} .. {first + BATCH - 1} LOOP"
                    " EXECUTE format('CREATE TABLE bench.t%s (a integer)', i); END LOOP; END $$")


def write(stop):
    """Change a row now and then, and let it be counted."""
    session = Session()
    while not stop.is_set():
        session.run("INSERT INTO bench.written VALUES (1); SELECT pg_stat_force_next_flush()")
        time.sleep(0.1)
    session.close()


def measure(session, word, setting):
    session.set_server(setting, "on")
    time.sleep(3)
    use = Processes(sys.argv[1], word).watch(SECONDS, pause=0.02)[2]
    session.set_server(setting, "off")
    return use / SECONDS


control = Session()
control.run("CREATE TABLE bench.written (a integer) WITH (autovacuum_enabled = false)")
say(f"making {TABLES} tables")
make_tables(control)
stop = threading.Event()
writer = threading.Thread(target=write, args=(stop,))
writer.start()
say(f"2 times {SECONDS:.0f} seconds")
ours = measure(control, "cancel_job", "sql.stats_automatic_collection_enabled")
theirs = measure(control, "autovacuum", "autovacuum")
stop.set()
writer.join()
row(f"statistics: a look a second, {TABLES} tables", f"{1000 * ours:.2f} ms CPU/s",
    f"{1000 * theirs:.2f} ms CPU/s", f"x{ours / theirs:.2f}", 1,
    f"<= {1000 * LIMIT:.0f} ms CPU/s", ours <= LIMIT)
