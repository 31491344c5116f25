#!/usr/bin/env python3
"""Holds the table of README.md against the tests beside it: 68 faults, each with a test, and no test that is not there."""

import pathlib
import re
import sys

folder = pathlib.Path(__file__).resolve().parent
tests = set()
for source in folder.glob("*_test.cpp"):
    text = source.read_text(encoding="utf-8")
    tests.update(re.findall(r"^TEST(?:_[FP])?\(\w+, (F\d\d_\w+)\)", text, re.M))
    tests.update(re.findall(r'\{"(F\d\d_\w+)", "', text))  # rows of tests with parameters
rows = {}
for line in (folder / "README.md").read_text(encoding="utf-8").splitlines():
    row = re.match(r"\| (F\d\d) \|.*\| (.*) \|$", line)
    if row:
        rows[row[1]] = re.findall(r"`([^`]+)`", row[2])
wrong = [f"{number} is not in the table" for number in (f"F{n:02}" for n in range(1, 69)) if not rows.get(number)]
for number, names in rows.items():
    for name in names:
        there = (folder / name).is_file() if "/" in name else name in tests and name.startswith(number)
        wrong += [] if there else [f"{number}: there is no test {name}"]
wrong += [f"{name} is not in the table" for name in sorted(tests) if name not in rows.get(name[:3], [])]
print("\n".join(wrong) or f"{len(rows)} faults, {len(tests)} tests")
sys.exit(1 if wrong else 0)
