#!/usr/bin/env python3
"""Differential fuzzing: random well-typed programs must print the same and raise the same in Kayton and in CPython.

    run.py --kayton PROGRAM [--count N] [--seed N] [--first N] [--batch N] [--optimised K] [--seconds S] [--keep FOLDER]
    run.py --show INDEX [--seed N]       prints a program
    run.py --kayton PROGRAM --file FILE  compares one program (with a function main…) and shrinks it

A program is a few dozen statements (programs.py, expressions.py); many are functions of one file, each run under `try`
with its output after a line of its own. A program that differs, that Kayton does not compile, or that crashes is made small
(shrink.py) and written to FOLDER; exit 1. The same seed and index make the same program. Every K-th file (none: 0) is
compiled with optimisation, the others without, which is many times quicker.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from programs import Program  # noqa: E402
from shrink import shrink  # noqa: E402

MARK = "== program "
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("KAYTON_")} | {
    "KAYTON_HOME": "/nonexistent/kayton", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "TZ": "UTC"}
TIMEOUT_SECONDS = 300


def main_of(text: str) -> str:
    return re.findall(r"^def (main\w*)\(\)", text, re.M)[-1]


def caller_of(text: str, index: int) -> str:
    return (f"print({MARK!r} + '{index}')\ntry:\n    {main_of(text)}()\nexcept Exception as error:\n"
            f"    print('raised', type(error).__name__, error)\n")


@dataclass
class Ended:
    """What each program printed, by its index; what became of those that did not get so far."""
    outputs: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)

    def of(self, index: int) -> tuple[str, str]:
        if index in self.refused:
            return "refused", self.refused[index]
        if index in self.broken:
            return "broken", self.broken[index]
        return "ran", self.outputs.get(index, "")


def split_output(text: str) -> dict[int, str]:
    parts = re.split(rf"^{MARK}(\d+)\n", text, flags=re.M)
    return {int(parts[i]): parts[i + 1] for i in range(1, len(parts) - 1, 2)}


class Runner:
    def __init__(self, kayton: str, folder: Path):
        self.kayton, self.folder = kayton, folder
        self.processes = 0
        self.options = ["--quick"]

    def write(self, texts: dict[int, str]) -> tuple[Path, list[tuple[int, int]]]:
        """The file, and the line each program begins at."""
        path, lines, begins = self.folder / "batch.kay", [], []
        for index, text in texts.items():
            begins.append((len(lines) + 1, index))
            lines += text.splitlines()
        begins.append((len(lines) + 1, -1))
        for index, text in texts.items():
            lines += caller_of(text, index).splitlines()
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path, begins

    def python(self, texts: dict[int, str]) -> Ended:
        path, _ = self.write(texts)
        done = subprocess.run([sys.executable, "-X", "utf8", str(path)], capture_output=True, env=ENVIRONMENT, timeout=TIMEOUT_SECONDS)
        outputs = split_output(done.stdout.decode("utf-8", "replace"))
        ended = Ended(outputs)
        for index in texts:
            if index not in outputs:
                ended.broken[index] = done.stderr.decode("utf-8", "replace")[-500:]
        if done.returncode != 0 and outputs:
            ended.broken[max(outputs)] = done.stderr.decode("utf-8", "replace")[-500:]
        return ended

    def run(self, texts: dict[int, str]) -> Ended:
        ended, left = Ended(), dict(texts)
        while left:
            path, begins = self.write(left)
            self.processes += 1
            try:
                done = subprocess.run([self.kayton, "run", *self.options, str(path)], capture_output=True, env=ENVIRONMENT, cwd=self.folder, timeout=TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired as late:
                done = subprocess.CompletedProcess([], -1, late.stdout or b"", b"no end after %d seconds" % TIMEOUT_SECONDS)
            errors = done.stderr.decode("utf-8", "replace")
            outputs = split_output(done.stdout.decode("utf-8", "replace"))
            if done.returncode == 0:
                ended.outputs |= outputs
                return ended
            refused = self.refused(errors, begins)
            if not outputs and refused:
                ended.refused |= refused
                for index in refused:
                    left.pop(index, None)
                continue
            # The last one that began is the one that ended the process.
            last = max(outputs) if outputs else next(iter(left))
            ended.broken[last] = f"status {done.returncode}: {errors[-500:]}"
            for index in list(left):
                if index <= last:
                    if index != last:
                        ended.outputs[index] = outputs.get(index, "")
                    left.pop(index)
        return ended

    @staticmethod
    def refused(errors: str, begins: list[tuple[int, int]]) -> dict[int, str]:
        found: dict[int, str] = {}
        for message in re.split(r"^(?=error)", errors, flags=re.M):
            place = re.search(r"-->\s*\S*batch\.kay:(\d+)", message)
            if not message.startswith("error") or not place:
                continue
            line = int(place.group(1))
            owner = [index for begin, index in begins if begin <= line][-1]
            if owner >= 0:
                found.setdefault(owner, message.strip())
        return found


def difference(wanted: tuple[str, str], got: tuple[str, str]) -> str:
    """Empty when the two agree."""
    if got[0] != "ran":
        return f"{got[0]}: {got[1]}"
    if wanted == got:
        return ""
    ours, theirs = got[1].splitlines(), wanted[1].splitlines()
    for i in range(max(len(ours), len(theirs))):
        a = theirs[i] if i < len(theirs) else "(nothing)"
        b = ours[i] if i < len(ours) else "(nothing)"
        if a != b:
            return f"line {i + 1}: CPython  {a[:300]}\n        Kayton   {b[:300]}"
    return "differ in the end of the output"


def kind_of(found: str) -> str:
    """What a shrunk program must still show: the same kind of difference."""
    if not found:
        return ""
    if found.startswith("refused"):
        first = found.split("\n", 1)[0]
        return re.sub(r"`[^`]*`|'[^']*'|\d+", "_", re.sub(r"\b[a-zA-Z]+\d[\w]*", "N", first))[:60]
    if found.startswith("broken"):
        return found[:25]
    return "output" + ("-raised" if "raised" in found else "")


def compare(runner: Runner, texts: dict[int, str]) -> dict[int, str]:
    wanted = runner.python(texts)
    valid = {i: t for i, t in texts.items() if i not in wanted.broken}
    got = runner.run(valid)
    found = {}
    for index in valid:
        what = difference(wanted.of(index), got.of(index))
        if what:
            found[index] = what
    return found


def shrunk(runner: Runner, text: str, found: str) -> tuple[str, str]:
    kind = kind_of(found)

    def interesting(candidates: list[str]) -> list[bool]:
        texts = dict(enumerate(candidates))
        numbered = {}
        for i, candidate in texts.items():
            try:
                compile(candidate, "candidate", "exec")
            except SyntaxError:
                continue
            if not re.search(r"^def main\w*\(\)", candidate, re.M):
                continue
            numbered[i] = re.sub(r"\b(main|[A-Za-z]\d+)_?(\d+)\b(?=\()", rf"\1_\2", candidate).replace(main_of(candidate), f"main_s{i}")
            # Names of several candidates in one file must not meet.
            for name in sorted(set(re.findall(r"^(?:def|class) (\w+)", numbered[i], re.M)), key=len, reverse=True):
                numbered[i] = re.sub(rf"\b{name}\b", f"{name}x{i}" if not name.startswith("main") else name, numbered[i])
        results = compare(runner, numbered) if numbered else {}
        return [kind_of(results.get(i, "")) == kind and "NameError" not in results.get(i, "") and "UnboundLocal" not in results.get(i, "") for i in texts]

    small = shrink(text, interesting)
    return small, compare(runner, {0: small}).get(0, found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kayton", default="kayton")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--optimised", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--show", type=int)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--no-shrink", action="store_true")
    options = parser.parse_args()
    if options.show is not None:
        text = Program(options.seed, options.show).text()
        print(text + caller_of(text, options.show), end="")
        return 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kayton-differential-") as folder:
        runner = Runner(options.kayton, Path(folder))
        if options.file:
            text = options.file.read_text(encoding="utf-8")
            found = compare(runner, {0: text}).get(0, "")
            if found:
                text, found = shrunk(runner, text, found)
                print(text + "\n" + found)
            return 1 if found else 0
        done = optimised = differing = lines = 0
        kinds: dict[str, int] = {}
        index = options.first
        while index < options.first + options.count and time.monotonic() - begun < options.seconds:
            texts = {i: Program(options.seed, i).text() for i in range(index, min(index + options.batch, options.first + options.count))}
            batch = index // options.batch
            index += options.batch
            runner.options = [] if options.optimised and batch % options.optimised == options.optimised - 1 else ["--quick"]
            found = compare(runner, texts)
            done += len(texts)
            optimised += len(texts) if not runner.options else 0
            lines += sum(text.count("\n") for text in texts.values())
            if batch % 10 == 9:
                print(f"{done} programs, {differing} differ, {time.monotonic() - begun:.0f} s", flush=True)
            for i, what in found.items():
                differing += 1
                kind = kind_of(what)
                kinds[kind] = kinds.get(kind, 0) + 1
                text = texts[i]
                if not options.no_shrink and (kinds[kind] <= 2 or kind.startswith("output")):
                    text, what = shrunk(runner, text, what)
                print(f"--- seed {options.seed}, program {i} ({kinds[kind]} of this kind)\n{text if kinds[kind] <= 3 or kind.startswith('output') else ''}    {what}\n", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"s{options.seed}-{i}.kay").write_text(text, encoding="utf-8")
        for kind, count in sorted(kinds.items(), key=lambda item: -item[1]):
            print(f"{count:6}  {kind}")
        print(f"seed {options.seed}: {done} programs ({optimised} optimised) of {lines // max(done, 1)} lines on average, {runner.processes} processes, "
              f"{time.monotonic() - begun:.0f} s, {differing} differ")
        return 1 if differing or not done else 0


if __name__ == "__main__":
    sys.exit(main())
