"""What the programs of the bench that measure many jobs share."""
import time

TRIVIAL = "SELECT 1"


def submit(session, n, command=TRIVIAL):
    """Submit n jobs in one transaction; returns their first and their last id."""
    session.run("SELECT min(id), max(id) FROM"
                " (SELECT jobs.submit(%s) AS id FROM generate_series(1, %s)) j", command, n)
    return session.cursor.fetchone()


def wait_until_all(session, jobs, status, limit=300):
    """Until all jobs from the first id to the last one have this status.  The
    last one is looked at first, since to look at all of them takes time."""
    session.wait("SELECT status = %s FROM jobs.jobs WHERE job_id = %s", status, jobs[1],
                 pause=0.01, limit=limit)
    session.wait("SELECT NOT EXISTS (SELECT FROM jobs.jobs WHERE job_id BETWEEN %s AND %s"
                 " AND status <> %s)", *jobs, status, pause=0.01, limit=limit)


def jobs_per_second(session, n, command=TRIVIAL):
    """How many jobs a second succeed, from the COMMIT of the transaction that
    submits n of them until the last one is finished."""
    session.run("BEGIN")
    jobs = submit(session, n, command)
    begun = time.time()
    session.run("COMMIT")
    wait_until_all(session, jobs, "succeeded")
    return n / (session.ask("SELECT extract(epoch FROM max(finished))::float8 FROM jobs.jobs"
                            " WHERE job_id BETWEEN %s AND %s", *jobs) - begun)


def tidy(session):
    """Leave nothing to autovacuum, so that it does not fall on one side only."""
    session.run("VACUUM jobs.job")
    session.run("VACUUM jobs.message")


def keep_history(session):
    """Keep the finished jobs that fill() makes; none is older than the default
    of jobs.retention_time."""
    if session.ask("SELECT current_setting('jobs.retention_max_rows', true)") is not None:
        session.set_server("jobs.retention_max_rows", "2000000000")


# Of the copies: the i-th of n finished at this time, the last ones of them within
# twelve hours, the others within two weeks before that.
FINISHED = """now() - CASE WHEN i > {n} - {recent} THEN ({n} - i + 1) * interval '11 hours' / {recent}
 ELSE interval '13 hours' + ({n} - i) * interval '13 days' / {n} END"""


def fill(session, n, recent):
    """Make n jobs that have succeeded, the "recent" last ones of them within the
    last twelve hours, without running them; returns their first and last id.

    They are copies of a job that has run, in all columns that there are, but
    for ids and times: that is the only thing this needs to know of the tables.
    """
    session.run("BEGIN")
    example = submit(session, 1)
    session.run("COMMIT")
    wait_until_all(session, example, "succeeded")
    finished = "(" + FINISHED.format(n=n, recent=recent) + ")"
    at = {"job_id": "job_id + i", "created": finished + " - interval '2 seconds'",
          "started": finished + " - interval '1 second'", "finished": finished, "modified": finished,
          "recorded": finished}
    for table in ("jobs.job", "jobs.message"):
        copy_rows(session, table, at, example[0], n)
    session.run("SELECT setval('jobs.job_id_seq', %s)", example[0] + n)
    for table in ("jobs.job", "jobs.message"):
        session.run(f"VACUUM ANALYZE {table}")
    return example[0] + 1, example[0] + n


def copy_rows(session, table, changed, job, n):
    """Copy a job's rows of a table n times, with other values in some columns."""
    session.run("SELECT array_agg(quote_ident(attname) ORDER BY attnum) FROM pg_attribute"
                " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attidentity = '' AND attgenerated = ''", table)
    columns = session.cursor.fetchone()[0]
    values = [changed.get(column, column) for column in columns]
    session.run(f"INSERT INTO {table} ({', '.join(columns)})"
                f" SELECT {', '.join(values)} FROM generate_series(1, {n}) i, {table}"
                f" WHERE job_id = {job} ORDER BY i")
