# The session of the torture test that changes the tables for automatic statistics.
import time

from torture_load import Session, attempt, control
from torture_server import DATABASES

# The tables that are written to, and who owns them.
TABLES = {"rows_plain": "alice", "rows_renewed": "alice", "rows_parted": "bob", "rows_parent": "dave",
          "rows_child": "postgres", "rows_broken": "carol"}

# Those that have statistics in the end.
FRESH = ("rows_plain", "rows_renewed", "rows_parted", "rows_low", "rows_high", "rows_parent", "rows_child")

# What is done to them, and how often.
CHANGES = {
    "insert": (5, "INSERT INTO torture.{0} SELECT g * 7919 % 1000, md5(g::text) FROM generate_series(1, {1}) g"),
    "update": (3, "UPDATE torture.{0} SET filler = 'x' WHERE n % 3 = 0"),
    "delete": (2, "DELETE FROM torture.{0} WHERE n % 2 = 0"),
    "truncate": (0.5, "TRUNCATE torture.{0}"),
}
RENEW = ("DROP TABLE torture.rows_renewed;"
         " CREATE TABLE torture.rows_renewed (n integer, filler text) WITH (autovacuum_enabled = false);"
         " GRANT ALL ON torture.rows_renewed TO PUBLIC;"
         " INSERT INTO torture.rows_renewed SELECT g, 'new' FROM generate_series(1, {0}) g")

# Rows that are enough in the end for new statistics, and seconds in which these come.
LAST_ROWS = 5000
PATIENCE = 40


class Writer(Session):
    """Changes the tables, and controls the automatic jobs that come of it."""

    def act(self):
        database = self.rng.choice(DATABASES)
        table = self.rng.choice(list(TABLES))
        change = self.rng.choices(list(CHANGES), [weight for weight, _ in CHANGES.values()])[0]
        rows = self.rng.randint(50, 500)
        renew = self.rng.random() < 0.05
        verb = self.rng.choices((None, "cancel", "pause", "resume"), (6, 1, 0.5, 2))[0]
        pause = self.rng.expovariate(1 / 0.1)

        statement = RENEW.format(rows) if renew else CHANGES[change][1].format(table, rows)
        owner = TABLES["rows_renewed" if renew else table]
        attempt(self.torture, self.connection(database, owner), "renew" if renew else change,
                lambda cursor: cursor.execute(statement))
        if verb:
            self.control(database, verb)
        self.torture.over.wait(pause)

    def control(self, database, verb):
        """Of the automatic jobs, those that are no worker of autovacuum."""
        connection = self.connection(database, "postgres")
        with connection.cursor() as cursor:
            cursor.execute("SELECT job_id FROM [SHOW AUTOMATIC JOBS] WHERE finished IS NULL"
                           " AND job_id IN (SELECT job_id FROM jobs.job)")
            ids = [row[0] for row in cursor]
        if ids:
            control(self.torture, connection, verb, ids, "statement set")


def settle_statistics(torture, database):
    """When the tables have changed once more, their statistics become fresh."""
    connection = torture.server.connect(database)
    cursor = connection.cursor()
    cursor.execute("SELECT clock_timestamp()")
    since = cursor.fetchone()[0]
    for table, owner in TABLES.items():
        # what has changed is counted when the session ends
        session = torture.server.connect(database, owner)
        session.cursor().execute(CHANGES["insert"][1].format(table, LAST_ROWS))
        session.close()
    limit = time.monotonic() + PATIENCE
    while True:
        cursor.execute("SELECT c.relname FROM pg_class c LEFT JOIN jobs.automatic_statistics a ON a.relation = c.oid"
                       " WHERE c.relnamespace = 'torture'::regnamespace AND c.relname = ANY (%s)"
                       " AND (a.analyzed > %s) IS NOT TRUE", (list(FRESH), since))
        stale = [row[0] for row in cursor]
        if not stale or time.monotonic() > limit:
            break
        time.sleep(0.1)
    if stale:
        torture.find(f"{database}: the statistics of {sorted(stale)} do not become fresh")
    connection.close()
