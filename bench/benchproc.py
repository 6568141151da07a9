# Processor time and wake-ups of some of a server's processes, as /proc tells.
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
            return pids.read().split()

    def uses(self):
        """What each of those that are there has used up to now, by its pid: processor
        time in seconds, and wake-ups."""
        found = {}
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/cmdline") as text:
                    if self.word not in text.read():
                        continue
                with open(f"/proc/{pid}/schedstat") as stat:
                    cpu = int(stat.read().split()[0]) / 1e9
                with open(f"/proc/{pid}/status") as status:
                    wakeups = int(re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)", status.read()).group(1))
            except (FileNotFoundError, ProcessLookupError):
                continue                # it has just ended
            found[pid] = (cpu, wakeups)
        return found

    def use(self):
        """Processor time and wake-ups of all that are there."""
        uses = self.uses().values()
        return sum(cpu for cpu, wakeups in uses), sum(wakeups for cpu, wakeups in uses)

    def watch(self, seconds, pause=1):
        """What they use in so many seconds: their greatest number, how many
        were started, processor time, wake-ups.  One that ends counts as far as it
        was seen."""
        first = self.uses()
        last = dict(first)
        most = len(first)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            now = self.uses()
            last.update(now)
            most = max(most, len(now))
        cpu, wakeups = (sum(last[pid][each] - first.get(pid, (0, 0))[each] for pid in last) for each in (0, 1))
        return most, len(last.keys() - first.keys()), cpu, wakeups
