#!/usr/bin/python3
# Prints the rows that the programs of the bench have left in a file as a table.
import json
import sys

HEAD = ["figure", "ours", "opponent", "compared", "n", "goal", "met"]

try:
    with open(sys.argv[1]) as lines:
        rows = [json.loads(line) for line in lines]
except FileNotFoundError:
    rows = []
widths = [max(len(r[i]) for r in [HEAD] + rows) for i in range(len(HEAD))]
for r in [HEAD, ["-" * w for w in widths]] + rows:
    print("| " + " | ".join(cell.ljust(w) for cell, w in zip(r, widths)) + " |")
goals = [r for r in rows if r[6]]
missed = [r[0] for r in goals if r[6] == "NO"]
print()
if missed:
    print("missed: " + ", ".join(missed))
elif goals:
    print(f"all {len(goals)} goals are met")
