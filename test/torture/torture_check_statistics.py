# The checker of automatic statistics: what must be true of their jobs.

# Seconds after which all processes have heard of a changed setting.
TOLD = 1


def check_statistics(checker):
    jobs = checker.rows("SELECT j.*, (arguments ->> 'relation')::oid AS relation FROM jobs.job j"
                        " WHERE job_type = 'AUTO CREATE STATS' ORDER BY job_id")
    check_one_at_a_time(checker, jobs)
    check_switched_off(checker, jobs)
    check_broken(checker, jobs)
    check_due(checker, jobs)
    check_notes(checker, jobs)
    checker.torture.note(f"{checker.database}: {len(jobs)} automatic jobs, of which"
                         f" {sum(job['result_tag'] == 'ANALYZE' for job in jobs)} have collected statistics")


def check_one_at_a_time(checker, jobs):
    """None begins before the one before it has ended."""
    for before, job in zip(jobs, jobs[1:]):
        if before["finished"] is None or before["finished"] > job["created"]:
            checker.find(f"automatic job {job['job_id']} began before job {before['job_id']} had ended", job["job_id"])


def check_switched_off(checker, jobs):
    for what, since, until in checker.torture.chaos.switched_off:
        for job in jobs:
            if what == "statistics" and since + TOLD < job["created"].timestamp() < until:
                checker.find(f"automatic job {job['job_id']} began while statistics were off", job["job_id"])


def check_broken(checker, jobs):
    """Only what cannot be collected fails with the error of that."""
    broken = checker.rows("SELECT 'torture.rows_broken'::regclass::oid AS relation")[0]["relation"]
    for job in jobs:
        if job["relation"] != broken and job["sqlstate"] == "CJ007":
            checker.find(f"automatic job {job['job_id']} failed for another table", job["job_id"])


def check_due(checker, jobs):
    """Once a table has statistics, it gets others when enough has changed."""
    fraction, rows = checker.rows(
        "SELECT current_setting('sql.stats_automatic_collection_fraction_stale_rows')::float8 AS fraction,"
        " current_setting('sql.stats_automatic_collection_min_stale_rows')::float8 AS rows")[0].values()
    analyzed = set()
    for job in checker.rows("SELECT h.*, j.result_tag, (j.arguments ->> 'relation')::oid AS relation"
                            " FROM jobs.job j LEFT JOIN jobs.statistics_history h USING (job_id)"
                            " WHERE job_type = 'AUTO CREATE STATS' ORDER BY j.job_id"):
        if job["job_id"] is None or not job["automatic"]:
            checker.find(f"the history of table {job['relation']} lacks a job")
            continue
        if job["status"] != checker.jobs[job["job_id"]]["state"]:
            checker.find(f"the history says that job {job['job_id']} is {job['status']}", job["job_id"])
        if job["relation"] in analyzed and job["changed_rows"] < job["table_rows"] * fraction + rows - 1:
            checker.find(f"automatic job {job['job_id']} was for {job['changed_rows']} changes"
                         f" of {job['table_rows']} rows", job["job_id"])
        if job["result_tag"] == "ANALYZE":
            analyzed.add(job["relation"])


def check_notes(checker, jobs):
    """What is noted of a table is its last job, and how many had failed in a row before
    that; and nothing of a table that is dropped."""
    last, failures = {}, {}
    for job in jobs:
        before = last.get(job["relation"])
        failed = before is not None and before["state"] == "failed"
        failures[job["relation"]] = failures.get(job["relation"], 0) + 1 if failed else 0
        last[job["relation"]] = job
    for row in checker.rows("SELECT a.*, c.oid IS NOT NULL AS there FROM jobs.automatic_statistics a"
                            " LEFT JOIN pg_class c ON c.oid = a.relation"):
        job = last.get(row["relation"])
        job_id = job["job_id"] if job else None
        if not row["there"]:
            checker.find(f"something is noted of table {row['relation']}, which was dropped")
        if row["job_id"] != job_id or row["failures"] != failures.get(row["relation"], 0):
            checker.find(f"of table {row['relation']} job {row['job_id']} after {row['failures']} failures is noted,"
                         f" and it was {job_id} after {failures.get(row['relation'])}", job_id)
