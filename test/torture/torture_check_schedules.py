# The checker of schedules: what must be true of their runs.
#
# A schedule's times are walked through in their order.  Each is accounted for by one
# of its runs: the one that was due then, or one that says how many further times
# had come meanwhile ("missed").  What sessions did in between is in torture.mark,
# with the last run that there was by then: the lock of the schedule's row keeps
# runs and marks in one order.
import re
from collections import Counter
from datetime import timedelta
from itertools import accumulate

# Seconds after which all processes have heard of a changed setting.
TOLD = 1

# Why a job cannot be started.
CANNOT_START = re.compile(r"role \d+ does not exist$")


def following(recurrence, time):
    """The time of a recurrence that comes after one; None if there is none."""
    every = re.match(r"@every (\d+)s$", recurrence)
    if every:
        return time + timedelta(seconds=int(every.group(1)))
    if recurrence == "@at":
        return None
    minutes = int((re.match(r"\*/(\d+) ", recurrence) or [0, 1])[1])
    time = time.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return time + timedelta(minutes=-time.minute % minutes)


class Walk:
    """The walk through the runs of a schedule."""

    def __init__(self, schedule, runs, marks):
        self.plan = schedule["plan"]
        self.runs = runs
        self.marks = marks
        self.next = None            # the next time that is to be accounted for
        self.active = False
        self.resumed = None         # when somebody has let it run
        self.seen = {}              # the runs by the time that they were due
        self.executed = []          # those that EXECUTE has started: these are due at once

    def check(self):
        """Yields what is wrong."""
        problem = next(self.check_times(), None)
        if problem:
            yield problem           # all else may follow from it
            return
        wanted = sum(mark["verb"] == "execute" and mark["there"] for mark in self.marks)
        if len(self.executed) != wanted:
            yield f"was executed {wanted} times, and has {len(self.executed)} runs of that"
        yield from self.check_overlap()

    def check_times(self):
        # who keeps a snapshot has not seen all runs that EXECUTE had started by then
        last_runs = accumulate((mark["last_run"] for mark in self.marks), max)
        events = sorted([(run["run_id"], 0, run) for run in self.runs]
                        + [(last, mark["mark_id"], mark) for last, mark in zip(last_runs, self.marks)],
                        key=lambda event: event[:2])
        for _, is_mark, row in events:
            yield from (self.follow_mark if is_mark else self.follow_run)(row)

    def follow_mark(self, mark):
        if not mark["there"] or mark["next_run"] is None and mark["due"] is None:
            self.active, self.next = False, None
            if mark["there"] and mark["verb"] == "resume":
                yield f"was resumed at {mark['at']}, and is not to run"
            return
        if mark["verb"] == "pause":
            yield f"was paused at {mark['at']}, and is to run at {mark['next_run']}"
        resumed = mark["verb"] in ("create", "resume")
        if mark["due"] is None:
            # by itself it goes from one time to the next
            if self.active and mark["next_run"] != self.next and not (resumed and self.plan["failure"] == "pause"):
                yield f"was to run at {mark['next_run']} next, not at {self.next}"
            self.next = mark["next_run"]
        self.active = True
        if resumed:
            self.resumed = mark["at"]
        elif self.plan["failure"] == "pause" and mark["next_run"] and \
                mark["last_failure"] and mark["last_failure"] > self.resumed:
            yield f"goes on at {mark['at']}, though a job has failed at {mark['last_failure']}"

    def follow_run(self, run):
        due, recorded = run["due"], run["recorded"]
        repeats = self.seen.setdefault(due, [])
        repeats.append(run)
        if due == recorded != self.next:
            self.executed.append(run)
            return
        if not self.active:
            yield f"ran at {recorded}, and was paused"
        if len(repeats) > 1:
            yield from self.check_repeat(run, repeats[-2])
        elif due != self.next:
            yield f"was due at {due}, not at {self.next}"
        last = None
        for _ in range(run["missed"] + (len(repeats) == 1)):
            if self.next is None:
                yield f"has more times than there are in run {run['run_id']}"
                break
            last, self.next = self.next, following(self.plan["recurrence"], self.next)
        if last and last > recorded:
            yield f"accounts at {recorded} for {last}, which had not come"
        if self.next and self.next <= recorded and run["outcome"] != "delayed":
            yield f"does not account at {recorded} for {self.next}, which had come"
        if run["outcome"] == "error":
            if not CANNOT_START.match(run["detail"]):
                yield f"could not start a job: {run['detail']}"
            self.active = False     # for its owner is gone

    def check_repeat(self, run, before):
        """A run is put off, and one that has failed may be repeated."""
        if before["outcome"] == "delayed":
            return
        if self.plan["failure"] != "retry" or before["outcome"] not in ("failed", "canceled"):
            yield f"has run {run['run_id']} for {run['due']}, after run {before['run_id']} that {before['outcome']}"

    def check_overlap(self):
        """No more unfinished jobs than there may be, but for those that EXECUTE starts."""
        limit = self.plan["max_running"] if self.plan["overlap"] == "start" else 1
        jobs = [run for run in self.runs if run["created"] and run not in self.executed]
        for job in jobs:
            others = [o["job_id"] for o in jobs
                      if o["created"] < job["created"] and (o["finished"] is None or o["finished"] > job["created"])]
            if len(others) >= limit:
                yield f"started job {job['job_id']} beside {others}"


def check_schedules(checker):
    runs, marks = {}, {}
    for row in checker.rows("SELECT r.*, j.created, j.finished, j.state FROM jobs.schedule_run r"
                            " LEFT JOIN jobs.job j USING (job_id) ORDER BY run_id"):
        runs.setdefault(row["schedule_id"], []).append(row)
    for row in checker.rows("SELECT * FROM torture.mark ORDER BY mark_id"):
        marks.setdefault(row["schedule_id"], []).append(row)

    for schedule_id, schedule in checker.schedules.items():
        for problem in Walk(schedule, runs.get(schedule_id, []), marks.get(schedule_id, [])).check():
            checker.find(f"schedule {schedule_id} ({schedule['label']}) {problem}", schedule_id=schedule_id)
    check_there(checker, marks)
    check_jobs(checker, runs)
    check_switched_off(checker, runs)
    tell(checker, runs)


def check_there(checker, marks):
    """Each that was created is there until it is dropped, and in the end all are
    paused."""
    there = {row["schedule_id"]: row for row in checker.rows("SELECT * FROM jobs.schedule")}
    for schedule_id in there.keys() - checker.schedules.keys():
        checker.find(f"schedule {schedule_id} was never created", schedule_id=schedule_id)
    for schedule_id in checker.schedules:
        dropped = any(not mark["there"] for mark in marks.get(schedule_id, []))
        if dropped == (schedule_id in there):
            checker.find(f"schedule {schedule_id} was {'' if dropped else 'not '}dropped,"
                         f" and is {'' if schedule_id in there else 'not '}there", schedule_id=schedule_id)
    for schedule_id, row in there.items():
        if row["next_run"] or row["due"]:
            checker.find(f"schedule {schedule_id} is paused, and has a next run", schedule_id=schedule_id)


def check_jobs(checker, runs):
    """Each run with a job has one of its own, which ended as it says, and no job of a
    schedule is without a run."""
    jobs_of = Counter()
    for schedule_id, rows in runs.items():
        if schedule_id not in checker.schedules:
            checker.find(f"schedule {schedule_id} has runs, and was never created", schedule_id=schedule_id)
        for run in rows:
            job = checker.jobs.get(run["job_id"])
            jobs_of[run["job_id"]] += 1
            if run["job_id"] is None and run["outcome"] in ("delayed", "skipped", "error"):
                continue
            if job is None or job["created_by_id"] != schedule_id:
                checker.find(f"run {run['run_id']} of schedule {schedule_id} has no job of its own",
                             schedule_id=schedule_id)
            elif run["outcome"] != job["state"]:
                checker.find(f"run {run['run_id']} of schedule {schedule_id} has the outcome {run['outcome']},"
                             f" and its job is {job['state']}", run["job_id"])
    for job_id, job in checker.jobs.items():
        if job["created_by_type"] and jobs_of[job_id] != 1:
            checker.find(f"job {job_id} of a schedule has {jobs_of[job_id]} runs", job_id)


def check_switched_off(checker, runs):
    """None starts while the scheduler is off, but by EXECUTE."""
    for what, since, until in checker.torture.chaos.switched_off:
        for run in (run for rows in runs.values() for run in rows):
            if what == "scheduler" and run["due"] != run["recorded"] and \
                    since + TOLD < run["recorded"].timestamp() < until:
                checker.find(f"run {run['run_id']} started while the scheduler was off",
                             schedule_id=run["schedule_id"])


def tell(checker, runs):
    rows = [run for rows in runs.values() for run in rows]
    without = Counter(run["outcome"] for run in rows if run["job_id"] is None)
    checker.torture.note(f"{checker.database}: {len(checker.schedules)} schedules, {len(rows)} runs, of which "
                         + ", ".join(f"{without[what]} {what}" for what in ("delayed", "skipped", "error"))
                         + f"; {sum(run['missed'] for run in rows)} times missed")
