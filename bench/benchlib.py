"""What the programs of the bench share: connections, samples, figures.

A figure compares ours with an opponent in pairs of samples that were taken one
right after the other, in changing order; what both have in common (a machine that
is busy at that moment) then cancels out of the pair's ratio.
"""
import itertools
import json
import math
import os
import random
import statistics
import sys
import time

import psycopg2
import psycopg2.extensions

FRACTION = float(os.environ.get("CJ_BENCH_FRACTION", "1"))


def samples(full, least=3):
    """The number of samples to take where a full run takes this many."""
    return max(least, math.ceil(full * FRACTION))


def say(text):
    print("    " + text, file=sys.stderr, flush=True)


def connect(**options):
    connection = psycopg2.connect("", **options)
    connection.autocommit = True
    return connection


class Session:
    """A connection that runs each statement by itself, or one text as it is."""

    def __init__(self, **options):
        self.connection = connect(**options)
        self.cursor = self.connection.cursor()

    def run(self, text, *params):
        self.cursor.execute(text, params or None)

    def ask(self, text, *params):
        self.run(text, *params)
        row = self.cursor.fetchone()
        return row[0] if row else None

    def wait(self, what, *params, pause=0.0005, limit=60):
        """Ask until the answer is true, and return it."""
        end = time.monotonic() + limit
        while True:
            answer = self.ask(what, *params)
            if answer:
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"did not become true: {what} {params}")
            time.sleep(pause)

    def set_server(self, setting, value):
        """Change a setting of the server, and wait until it is taken over."""
        self.run(f"ALTER SYSTEM SET {setting} = %s", value)
        self.run("SELECT pg_reload_conf()")
        self.wait("SELECT current_setting(%s) = %s", setting, value)
        time.sleep(0.2)         # the other processes, too

    def close(self):
        self.connection.close()


def no_worker_is_busy(session):
    session.wait("SELECT NOT EXISTS (SELECT FROM pg_stat_activity"
                 " WHERE backend_type = 'cancel_job worker' AND state IS DISTINCT FROM 'idle')")


def take_turns(n, ours, theirs):
    """n pairs of samples, ours and the opponent's."""
    return [in_changing_order(i, ours, theirs) for i in range(n)]


def in_changing_order(i, first, second):
    """Take the two samples of pair i; returns them as (first, second)."""
    if i % 2 == 0:
        a = first()
        return a, second()
    b = second()
    return first(), b


def quantile(values, q):
    """The value that a part q of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


def ratio_of_pairs(pairs):
    """The median of ours/opponent, and a 95 % confidence interval of it."""
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    n = len(ratios)
    reach = 0.98 * math.sqrt(n)
    low = max(0, math.floor(n / 2 - reach))
    high = min(n - 1, math.ceil(n / 2 + reach))
    return statistics.median(ratios), ratios[low], ratios[high]


def ratio_of_blocks(blocks):
    """As ratio_of_pairs(), where the pairs of a block have some luck in common."""
    chance = random.Random(1)
    ratios = [[ours / theirs for ours, theirs in block] for block in blocks]
    again = sorted(statistics.median(itertools.chain(*chance.choices(ratios, k=len(ratios))))
                   for _ in range(1000))
    return statistics.median(itertools.chain(*ratios)), again[25], again[974]


def difference_of_quantiles(pairs, q):
    """Quantile of ours, of the opponent, their difference and a 95 % confidence
    interval of it, by bootstrap over the pairs."""
    def difference(of):
        return quantile([a for a, b in of], q) - quantile([b for a, b in of], q)

    chance = random.Random(1)
    again = sorted(difference(chance.choices(pairs, k=len(pairs))) for _ in range(1000))
    return (quantile([a for a, b in pairs], q), quantile([b for a, b in pairs], q),
            difference(pairs), again[25], again[974])


def compared(pairs, digits=2):
    """The median of the pairs' ratios, and how the table shows it."""
    ratio, low, high = ratio_of_pairs(pairs)
    return ratio, f"x{ratio:.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


def medians(pairs):
    """The medians of ours and of the opponent's."""
    return (statistics.median(a for a, b in pairs), statistics.median(b for a, b in pairs))


def row(figure, ours, opponent, compared, n, goal="", met=None):
    """Add a line to the table; met is None where there is no goal."""
    with open(os.environ["CJ_BENCH_ROWS"], "a") as out:
        json.dump([figure, ours, opponent, compared, str(n), goal,
                   "" if met is None else "yes" if met else "NO"], out)
        out.write("\n")


def ms(seconds, sign=""):
    return f"{1000 * seconds:{sign}.2f} ms"
