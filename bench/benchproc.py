# Processor time and context switches of some of a server's processes, as /proc tells.
import re
import time


class Processes:
    """Those whose title has a word, of the server with this data directory."""

    def __init__(self, directory, word):
        self.directory = directory
        self.word = word

    def postmaster(self):
        with open(self.directory + "/postmaster.pid") as lines:
            return int(lines.readline())

    def pids(self):
        children = f"/proc/{self.postmaster()}/task/{self.postmaster()}/children"
        with open(children) as pids:
            return [pid for pid in pids.read().split() if self.is_one(pid)]

    def is_one(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline") as text:
                return self.word in text.read()
        except (FileNotFoundError, ProcessLookupError):
            return False

    @staticmethod
    def use(pid):
        """Processor time in seconds, and context switches."""
        with open(f"/proc/{pid}/status") as status:
            switches = sum(map(int, re.findall(r"voluntary_ctxt_switches:\s*(\d+)", status.read())))
        with open(f"/proc/{pid}/schedstat") as stat:
            return int(stat.read().split()[0]) / 1e9, switches

    def watch(self, seconds, pause=1):
        """What they use in so many seconds: their greatest number, how many
        were started, processor time, context switches."""
        first = {}
        last = {}
        before = self.pids()
        most = 0
        end = time.monotonic() + seconds
        while True:
            pids = self.pids()
            most = max(most, len(pids))
            for pid in pids:
                try:
                    last[pid] = self.use(pid)
                except (FileNotFoundError, ProcessLookupError):
                    continue
                first.setdefault(pid, last[pid] if pid in before else (0, 0))
            left = end - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(pause, left))
        return (most, len(set(last) - set(before)), sum(last[pid][0] - first[pid][0] for pid in last),
                sum(last[pid][1] - first[pid][1] for pid in last))
