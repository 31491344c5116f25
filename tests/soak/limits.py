#!/usr/bin/env python3
"""limits.py KAYTON: data as large as a machine holds, each program in a worker of its own.

A string of 1 GB, a list of 10^8 ints, a dict of 10^7 keys, lists of a million links, rings, recursion: with room, each must give
the right answer; under a limit that is too small, it must end in MemoryError, caught or with status 1, never in a kill or a crash.
Takes some minutes and 4 GB. Standard library only.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

# name, options, program, expected output (None: only the status), expected status
CASES = [
    ("string of 1 GB", [], """
s = "0123456789" * 100_000_000
print(len(s), s[-1], s.count("9"), s.find("90123456789", 999_999_000))
t = s + "x"
print(len(t), t[-2:])
""", "1000000000 9 100000000 999999009\n1000000001 9x\n"),
    ("string of 1 GB, 600 MB allowed", ["--max-memory", "600M"], """
try:
    s = "0123456789" * 100_000_000
    print(len(s))
except MemoryError as error:
    print("MemoryError", "600 MB" in str(error))
""", "MemoryError True\n"),
    ("string grown to the limit", ["--max-memory", "400M"], """
s = "0123456789"
try:
    while True:
        s += s
except MemoryError as error:
    print("MemoryError", len(s) >= 80_000_000)
""", "MemoryError True\n"),
    ("list of 10^8 ints", [], """
numbers = list(range(100_000_000))
print(len(numbers), numbers[-1], sum(numbers))
more = []
for i in range(100_000_000):
    more.append(i)
print(more == numbers)
""", "100000000 99999999 4999999950000000\nTrue\n"),
    ("list of 10^8 ints, 500 MB allowed", ["--max-memory", "500M"], """
try:
    numbers = list(range(100_000_000))
except MemoryError:
    print("range: MemoryError")
try:
    numbers = [0] * 100_000_000
except MemoryError:
    print("repeat: MemoryError")
numbers = []
try:
    for i in range(100_000_000):
        numbers.append(i)
except MemoryError:
    print("append: MemoryError", len(numbers) > 20_000_000)
numbers = []
print(sum([i for i in range(1_000_000)]))
""", "range: MemoryError\nrepeat: MemoryError\nappend: MemoryError True\n499999500000\n"),
    ("dict of 10^7 keys", [], """
table = {}
for i in range(10_000_000):
    table[i * 7] = i
print(len(table), table[69_999_993], 3 in table)
names = {str(i): i for i in range(2_000_000)}
print(len(names), names["1999999"])
""", "10000000 9999999 False\n2000000 1999999\n"),
    ("dict over the limit", ["--max-memory", "300M"], """
table = {}
try:
    for i in range(10_000_000):
        table[i] = i
except MemoryError:
    print("MemoryError", len(table) > 1_000_000)
table.clear()
table[1] = 2
print(table)
""", "MemoryError True\n{1: 2}\n"),
    ("objects over the limit", ["--max-memory", "300M"], """
class Node:
    def __init__(self, rest):
        self.rest: Node | None = rest

class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

head = None
try:
    while True:
        head = Node(head)
except MemoryError:
    print("nodes: MemoryError")
head = None
points = []
try:
    while True:
        points.append(Point(len(points), 1))
except MemoryError:
    print("points: MemoryError", len(points) > 1_000_000)
points = []
print([Point(1, 2).x for _ in range(3)])
""", "nodes: MemoryError\npoints: MemoryError True\n[1, 1, 1]\n"),
    ("uncaught", ["--max-memory", "300M"], """
numbers = [1.5] * 100_000_000
""", None),
    ("ten million links", [], """
class Node:
    def __init__(self, rest):
        self.rest: Node | None = rest

head = None
for _ in range(10_000_000):
    head = Node(head)
head = None
print("gone")
""", "gone\n"),
    ("cycles for ever in 300 MB", ["--max-memory", "300M"], """
class Node:
    def __init__(self):
        self.me: Node = self
        self.data = [0] * 1000

for i in range(2_000_000):
    Node()
print("done")
""", "done\n"),
    ("recursion to 100,000", [], """
import sys
sys.setrecursionlimit(200_000)

def down(n):
    return 0 if n == 0 else 1 + down(n - 1)

print(down(100_000))
""", "100000\n"),
]


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="kayton-limits-") as folder:
        program = Path(folder) / "program.kay"
        for name, options, text, expected in CASES:
            program.write_text(text, encoding="utf-8")
            started = time.monotonic()
            ran = subprocess.run([sys.argv[1], "run", *options, str(program)], cwd=folder, capture_output=True, text=True)
            seconds = time.monotonic() - started
            if expected is None:
                good = ran.returncode == 1 and "MemoryError: no memory for a block of" in ran.stderr
            else:
                good = ran.returncode == 0 and ran.stdout == expected
            print(f"{'ok  ' if good else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
            if not good:
                failures += 1
                print(f"  status {ran.returncode}\n  {ran.stdout!r}\n  {ran.stderr[-500:]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
