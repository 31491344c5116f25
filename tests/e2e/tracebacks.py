#!/usr/bin/env python3
"""Uncaught exceptions are told as CPython tells them: each program in tracebacks/ ends with one, and standard error and the
status must be CPython's, byte for byte but for the file's folder."""

import difflib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent / "tracebacks"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("KAYTON_")} | {
    "KAYTON_HOME": "/nonexistent/kayton", "PYTHONUTF8": "1", "NO_COLOR": "1"}


def told(command, program):
    done = subprocess.run([*command, program.name], cwd=HERE, env=ENVIRONMENT, capture_output=True, timeout=60)
    error = "".join(line for line in done.stderr.decode().splitlines(keepends=True)
                    if not line.startswith("kayton: warning: this machine's kernel lacks"))
    return done.returncode, done.stdout, error.replace(f'File "{HERE}/', 'File "')


def main():
    programs = sorted(HERE.glob("*.kay"))
    failures = 0
    for program in programs:
        expected = told([sys.executable], program)
        actual = told(["kayton", "run"], program)
        if expected[0] != 1 or "Traceback" not in expected[2]:
            print(f"FAIL {program.stem}: it does not end with an exception in CPython")
            failures += 1
        elif actual != expected:
            print(f"FAIL {program.stem}: status {actual[0]}")
            print("".join(difflib.unified_diff(expected[2].splitlines(True), actual[2].splitlines(True), "CPython", "Kayton")))
            failures += 1
    print(f"{len(programs) - failures} of {len(programs)} tracebacks are CPython's")
    return 1 if failures or not programs else 0


sys.exit(main())
