#!/usr/bin/env python3
"""Runs the golden programs: every NAME.kay of a feature folder must print NAME.out, byte for byte.

    run.py --kayton PROGRAM [FEATURE | FEATURE/NAME]...    all folders when none is given
    run.py --autoupdate [--kayton PROGRAM] [...]           writes the expected output instead of comparing
    run.py --self-test                                     proves that each kind of mismatch is found
    run.py --coverage DIAGNOSTICS.DEF                      every registered diagnostic must be in a golden NAME.err

A program that ends with a status other than 0 has NAME.err besides: `exit N`, then the last line of standard error.
NAME.in, where it exists, is standard input. Each run starts in an empty folder of its own.
No program may leak: Kayton runs it with --leak-check.

Programs without Kayton-only syntax are also run by this Python, with the same expectations: --autoupdate takes them from
Python alone. A first line `# kayton-only` marks the others; for those --autoupdate takes what --kayton prints, to be
read by a person before it is committed. A second or first line `# args: …` gives command-line arguments.

A first line `# refused: E0100` marks a program that is valid Python, within the language's design, and not compiled so far:
Kayton must refuse it with an error of that code before anything runs, and CPython must still print NAME.out. Once it
compiles, the test fails until the line is taken out.

The folder `diagnostics` is different: NAME.kay does not compile, and NAME.err is all that `kayton check NAME.kay` writes.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIAGNOSTICS = "diagnostics"
TIMEOUT_SECONDS = 60
# The same run checks the output and that no object is left at its end: a leak is status 71 and a line of its own.
CHECKED_RUN = ["run", "--leak-check"]
# What a person has set up for themselves must not reach a golden program: no environment, no crates, no colours.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("KAYTON_")} | {
    "KAYTON_HOME": "/nonexistent/kayton", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "TZ": "UTC"}


@dataclass
class Outcome:
    out: bytes
    err: str  # empty for status 0, else "exit N" and the last line of standard error

    @staticmethod
    def of(completed: subprocess.CompletedProcess) -> "Outcome":
        if completed.returncode == 0:
            return Outcome(completed.stdout, "")
        lines = completed.stderr.decode("utf-8", "replace").strip().splitlines()
        return Outcome(completed.stdout, f"exit {completed.returncode}\n" + (lines[-1] + "\n" if lines else ""))


@dataclass
class Program:
    path: Path
    kayton_only: bool
    arguments: list[str]
    refused: str  # the diagnostic's code, or empty

    @staticmethod
    def read(path: Path) -> "Program":
        head = path.read_text(encoding="utf-8").split("\n", 2)[:2]
        arguments = [line.removeprefix("# args:").split() for line in head if line.startswith("# args:")]
        refused = [line.removeprefix("# refused:").strip() for line in head if line.startswith("# refused:")]
        return Program(path, head[0].strip() == "# kayton-only", arguments[0] if arguments else [],
                       refused[0] if refused else "")

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    def expected(self) -> Outcome | None:
        out, err = self.path.with_suffix(".out"), self.path.with_suffix(".err")
        if not out.is_file():
            return None
        return Outcome(out.read_bytes(), err.read_text(encoding="utf-8") if err.is_file() else "")

    def write_expected(self, outcome: Outcome) -> None:
        self.path.with_suffix(".out").write_bytes(outcome.out)
        err = self.path.with_suffix(".err")
        if outcome.err:
            err.write_text(outcome.err, encoding="utf-8")
        else:
            err.unlink(missing_ok=True)

    def completed(self, command: list[str]) -> subprocess.CompletedProcess:
        given = self.path.with_suffix(".in")
        with tempfile.TemporaryDirectory(prefix="kayton-golden-") as folder:
            return subprocess.run(
                [*command, str(self.path), *self.arguments], cwd=folder, env=ENVIRONMENT, capture_output=True,
                input=given.read_bytes() if given.is_file() else b"", timeout=TIMEOUT_SECONDS)

    def run(self, command: list[str]) -> Outcome:
        try:
            return Outcome.of(self.completed(command))
        except subprocess.TimeoutExpired as late:
            return Outcome(late.stdout or b"", f"no end after {TIMEOUT_SECONDS} seconds\n")


def difference(expected: Outcome, actual: Outcome, who: str) -> str:
    """Empty when the two agree."""
    parts = []
    for what, wanted, got in (("standard output", expected.out.decode("utf-8", "replace"), actual.out.decode("utf-8", "replace")),
                              ("end", expected.err, actual.err)):
        if wanted != got:
            lines = difflib.unified_diff(wanted.splitlines(), got.splitlines(), "expected", who, lineterm="", n=2)
            parts.append(f"  {what}:\n" + "\n".join(f"    {line}" for line in list(lines)[:40] or ["(white space at the end)"]))
    return "\n".join(parts)


def check_program(program: Program, kayton: str) -> str:
    expected = program.expected()
    if expected is None:
        return f"  {program.path.stem}.out is missing; run.py --autoupdate writes it"
    if not program.kayton_only:
        found = difference(expected, program.run([sys.executable]), "python3")
        if found:
            return found
    if program.refused:
        return check_refusal(program, kayton)
    return difference(expected, program.run([kayton, *CHECKED_RUN]), "kayton")


def check_refusal(program: Program, kayton: str) -> str:
    completed = program.completed([kayton, *CHECKED_RUN])
    text = completed.stderr.decode("utf-8", "replace")
    if completed.returncode == 0:
        return "  it compiles and runs now: take the line `# refused: ...` out, so that its output is compared"
    if completed.returncode != 1 or completed.stdout or f"error[{program.refused}]" not in text:
        return f"  expected status 1 and error[{program.refused}] alone, found status {completed.returncode}:\n{text[:2000]}"
    return ""


def diagnose(path: Path, kayton: str) -> Outcome:
    """All that `kayton check` writes, as it is; the file is named as a person in its folder would."""
    completed = subprocess.run([kayton, "check", path.name], cwd=path.parent, capture_output=True,
                               env=ENVIRONMENT, timeout=TIMEOUT_SECONDS)
    return Outcome(completed.stdout + completed.stderr, f"exit {completed.returncode}\n")


def check_diagnostics(path: Path, kayton: str) -> str:
    wanted = path.with_suffix(".err")
    if not wanted.is_file():
        return f"  {wanted.name} is missing; run.py --autoupdate --kayton PROGRAM writes it"
    return difference(Outcome(wanted.read_bytes(), "exit 1\n"), diagnose(path, kayton), "kayton")


def find_programs(wanted: list[str], folder: Path) -> list[Path]:
    found = sorted(folder.glob("*/*.kay"))
    if not wanted:
        return found
    chosen = [path for path in found if path.parent.name in wanted or f"{path.parent.name}/{path.stem}" in wanted]
    for name in wanted:
        if not any(name in (path.parent.name, f"{path.parent.name}/{path.stem}") for path in chosen):
            sys.exit(f"run.py: there is no golden program or folder `{name}`")
    return chosen


def check_all(paths: list[Path], kayton: str) -> int:
    def check(path: Path) -> tuple[str, str]:
        if path.parent.name == DIAGNOSTICS:
            return f"{DIAGNOSTICS}/{path.stem}", check_diagnostics(path, kayton)
        program = Program.read(path)
        return program.name, check_program(program, kayton)

    failures = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, found in pool.map(check, paths):
            print(f"{'FAIL' if found else 'ok  '} {name}")
            if found:
                failures += 1
                print(found)
    print(f"{len(paths) - failures} of {len(paths)} golden programs pass")
    return 1 if failures or not paths else 0


def update_all(paths: list[Path], kayton: str | None) -> int:
    status = 0
    for path in paths:
        if path.parent.name == DIAGNOSTICS:
            if kayton is None:
                continue
            outcome = diagnose(path, kayton)
            if outcome.err != "exit 1\n":
                print(f"{path.name}: `kayton check` ended with {outcome.err.strip()}, expected exit 1; left as it was")
                status = 1
                continue
            path.with_suffix(".err").write_bytes(outcome.out)
            continue
        program = Program.read(path)
        if not program.kayton_only:
            program.write_expected(program.run([sys.executable]))
        elif kayton is not None:
            program.write_expected(program.run([kayton, "run"]))
            print(f"{program.name}: taken from kayton; read it before you commit it")
    return status


def check_coverage(registry: Path, folder: Path) -> int:
    codes = re.findall(r'^KT_DIAGNOSTIC\(\w+, "(\w+)"', registry.read_text(encoding="utf-8"), re.MULTILINE)
    shown = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.err"))
    missing = [code for code in codes if f"[{code}]" not in shown]
    for code in missing:
        print(f"{code} is registered in {registry.name}, but no program in {folder.name}/ shows it")
    print(f"{len(codes) - len(missing)} of {len(codes)} diagnostics have a golden program")
    return 1 if missing or not codes else 0


def self_test() -> int:
    """Python itself stands in for Kayton; each sample is one way to be wrong."""
    samples = {
        "good": ("print('a')\n", "a\n", "", True),
        "good_error": ("raise ValueError('x')\n", "", "exit 1\nValueError: x\n", True),
        "wrong_output": ("print('a')\n", "b\n", "", False),
        "missing_newline": ("print('a')\n", "a", "", False),
        "wrong_status": ("raise SystemExit(3)\n", "", "exit 1\n", False),
        "unexpected_error": ("raise ValueError('x')\n", "", "", False),
        "wrong_message": ("raise ValueError('x')\n", "", "exit 1\nValueError: y\n", False),
        "nothing_expected": ("print('a')\n", None, "", False),
        "refused_but_runs": ("# refused: E0100\nprint('a')\n", "a\n", "", False),
        "only_kayton_wrong": ("import sys\nprint(len(sys.orig_argv) > 2 and sys.orig_argv[1] == '-u')\n", "False\n", "", False),
    }
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        stand_in = Path(folder) / "kayton"
        stand_in.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} -u "$@"\n', encoding="utf-8")
        stand_in.chmod(0o755)
        for name, (source, out, err, good) in samples.items():
            path = Path(folder) / "sample" / f"{name}.kay"
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, encoding="utf-8")
            if out is not None:
                path.with_suffix(".out").write_bytes(out.encode())
            if err:
                path.with_suffix(".err").write_text(err, encoding="utf-8")
            passed = (check_program(Program.read(path), str(stand_in)) == "") == good
            failures += not passed
            print(f"{'ok  ' if passed else 'FAIL'} {name}")
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kayton", help="the program under test")
    parser.add_argument("--autoupdate", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--coverage", type=Path, metavar="DIAGNOSTICS.DEF")
    parser.add_argument("names", nargs="*", metavar="FEATURE[/NAME]")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.coverage is not None:
        return check_coverage(options.coverage, HERE / DIAGNOSTICS)
    if options.kayton is not None:
        if not os.access(options.kayton, os.X_OK):
            parser.error(f"{options.kayton} is not a program; build it with tools/setup")
        options.kayton = os.path.abspath(options.kayton)
    paths = find_programs(options.names, HERE)
    if options.autoupdate:
        return update_all(paths, options.kayton)
    if options.kayton is None:
        parser.error("--kayton PROGRAM is needed")
    return check_all(paths, options.kayton)


if __name__ == "__main__":
    sys.exit(main())
