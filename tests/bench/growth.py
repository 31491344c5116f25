#!/usr/bin/env python3
"""How the compiler's time and memory grow with the length of a program.

    growth.py --bench FRONT_END_BENCH [--kayton PROGRAM] [--shape NAME]... [--sizes 100,1000,...] [--golden FOLDER]

For each shape and size: processor time of parsing and checking, memory of the front end over that of an empty program;
with --kayton also of a whole `kayton run` (compiled at O2, run, over that of an empty program). Behind each figure stands
how much it grew over the last size, divided by how much the program grew: 1.0 is linear. Figures too small to
mean anything have none. Asserts nothing. With --golden the golden programs are one program, each a function.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PIECE = '''
class Account{i}:
    def __init__(self, owner, rate):
        self.owner = owner
        self.rate = rate
        self.entries = []
        self.total = 0

    def add(self, amount, note):
        self.entries.append((amount, note))
        self.total += amount
        return len(self.entries)

    def report(self):
        lines = []
        for amount, note in self.entries:
            if amount < 0:
                lines.append(f"{{note:<10}} {{amount:>8}}")
            elif amount == 0:
                continue
            else:
                lines.append(note.upper() + " " + str(amount))
        return "\\n".join(lines)


def words{i}(text, least):
    counts = {{}}
    for word in text.lower().split():
        word = word.strip(".,;")
        if len(word) >= least:
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def primes{i}(limit):
    found = [n for n in range(2, limit) if all(n % d != 0 for d in range(2, int(n ** 0.5) + 1))]
    try:
        average = sum(found) / len(found)
    except ZeroDivisionError:
        average = 0.0
    return found, round(average, 3)


def use{i}(seed):
    account = Account{i}("owner{i}", 0.5 + seed)
    for k in range(3):
        account.add(k * seed - 2, f"note {{k}}")
    first, *others = words{i}("a bb, a ccc. bb a", 1)
    found, average = primes{i}(10 + seed)
    table = {{"seed": seed, "count": len(found)}}
    while table["count"] > 3:
        table["count"] //= 2
    return account.total + len(others) + table["count"] + int(average), first[0]


result{i} = use{i}({i} % 7)
'''


def realistic(lines: int) -> str:
    size = PIECE.count("\n")
    return "".join(PIECE.format(i=i) for i in range(max(1, lines // size))) + "print(result0)\n"


def one_function(lines: int) -> str:
    out = ["def work(a, b):", "    total = 0", "    text = ''"]
    i = 0
    while len(out) < lines:
        out += [f"    v{i % 50} = a * {i} + b", f"    if v{i % 50} > total:", f"        total = v{i % 50} % 1000", "    else:", f"        text = str(total) + '{i}'"]
        i += 1
    return "\n".join(out + ["    return total, text", "print(work(1, 2)[0] >= 0)"]) + "\n"


def list_literal(lines: int) -> str:
    return "xs = [\n" + "".join(f"    {i}, {i + 1}, {i * 2}, -{i},\n" for i in range(lines)) + "]\nprint(len(xs))\n"


def dict_literal(lines: int) -> str:
    return "d = {\n" + "".join(f"    'key{i}': [{i}, {i + 1}],\n" for i in range(lines)) + "}\nprint(len(d))\n"


def records(lines: int) -> str:
    return "rows = [\n" + "".join(f"    ('name{i}', {i}, {i}.5, {{'n': {i}}}),\n" for i in range(lines)) + "]\nprint(len(rows))\n"


def classes(lines: int) -> str:
    out = []
    for i in range(lines // 8):
        out.append(f"class C{i}:\n    def __init__(self, x):\n        self.x = x\n    def get(self):\n        return self.x + {i}\n    def __repr__(self):\n"
                   f"        return f'C{i}({{self.x}})'\nc{i} = C{i}({i})\n")
    return "".join(out) + "print(c0.get())\n"


def inheritance(lines: int) -> str:
    out = ["class Base:\n    def name(self):\n        return 'base'\n    def size(self):\n        return 1\n"]
    for i in range(lines // 4):
        out.append(f"class D{i}(Base):\n    def name(self):\n        return 'd{i}'\nd{i} = D{i}().size()\n")
    return "".join(out) + "print(d0)\n"


def nested(lines: int) -> str:
    out = ["def work(n):", "    total = 0"]
    while len(out) < lines:
        for depth in range(15):
            out.append("    " * (depth + 1) + (f"for i{depth} in range(n):" if depth % 3 == 0 else f"if total >= {depth}:" if depth % 3 == 1 else "while total < 3:"))
        out.append("    " * 16 + "total += 1")
    return "\n".join(out + ["    return total", "print(work(1))"]) + "\n"


def global_names(lines: int) -> str:
    return "g0 = 1\n" + "".join(f"g{i} = g{i - 1} + 1\n" for i in range(1, lines)) + "print(g0)\n"


def shared_globals(lines: int) -> str:
    out = []
    for i in range(lines // 4):
        out.append(f"g{i} = {i}\ndef f{i}(x):\n    return x + g{i}\ng{i} = f{i}(2)\n")
    return "".join(out) + "print(g0)\n"


def call_chain(lines: int) -> str:
    out = ["def f0(x):\n    return x + 1\n"]
    for i in range(1, lines // 2):
        out.append(f"def f{i}(x):\n    return f{max(0, i - 1) if i % 40 else 0}(x) + {i}\n")
    return "".join(out) + f"print(f{lines // 2 - 1}(1) > 0)\n"


def elif_chain(lines: int) -> str:
    out = ["def pick(n):", "    if n == -1:", "        return 'none'"]
    for i in range(lines // 2):
        out += [f"    elif n == {i}:", f"        return 'v{i}'"]
    return "\n".join(out + ["    return 'other'", "print(pick(3))"]) + "\n"


def statements(lines: int) -> str:
    return "x = 0\ns = ''\n" + "".join(f"x = (x * 7 + {i}) % 1009\ns = f'{{x}}-{i}'\n" for i in range(lines // 2)) + "print(x >= 0)\n"


def long_expression(lines: int) -> str:
    out = [f"def e{k}(a):\n    return (a\n" + "".join(f"            + {i}\n" for i in range(90)) + "            )\n" for k in range(max(1, lines // 93))]
    return "".join(out) + "print(" + " + ".join(f"e{k}(1)" for k in range(min(50, max(1, lines // 93)))) + ")\n"


SHAPES = {f.__name__: f for f in (realistic, one_function, list_literal, dict_literal, records, classes, inheritance, nested, global_names, shared_globals,
                                  call_chain, elif_chain, statements, long_expression)}


def golden(folder: Path) -> str:
    """All golden programs that need nothing but the language, each as a function."""
    parts = []
    for i, path in enumerate(sorted(folder.glob("*/*.kay"))):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if path.parent.name == "diagnostics" or re.search(r"^\s*(import|from|global|rimport|class) |^# refused|\"\"\"|'''|\\$|\bglobals\(", text, re.M) or text.startswith("# kayton-only") or re.search("[\udc80-\udcff]", text):
            continue
        if not (path.with_suffix(".err")).exists():
            parts.append(f"def golden{i}():\n" + "".join(f"    {line}\n" if line else "\n" for line in text.splitlines()) + f"golden{i}()\n")
    return "".join(parts)


def measure(command: list[str]) -> tuple[float, int]:
    """Processor seconds and kilobytes of one command."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def growth(now: float, before: float | None, factor: float, least: float) -> str:
    return f"{now / before / factor:5.2f}" if before and before > least and now > least else "     "


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--kayton")
    parser.add_argument("--shape", action="append", choices=sorted(SHAPES))
    parser.add_argument("--sizes", default="100,1000,10000,100000")
    parser.add_argument("--golden", type=Path)
    options = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="kayton-growth-") as folder:
        path = Path(folder) / "program.kay"

        def front_end(text: str, runs: int) -> dict | None:
            path.write_text(text, encoding="utf-8")
            done = subprocess.run([options.bench, str(path), str(runs)], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"    front end: status {done.returncode}: {done.stderr[:300]}")
                return None
            return json.loads(done.stdout)

        empty = front_end("x = 1\n", 5)
        if empty is None:
            return 1
        base = (0.0, 0)
        if options.kayton:
            base = measure([options.kayton, "run", str(path)])
        if options.golden:
            found = front_end(golden(options.golden), 5)
            if found:
                print(f"golden programs: {found['lines']} lines, parse {found['lines'] / found['parse']:,.0f} lines/s, check {found['lines'] / found['check']:,.0f} lines/s")
        print(f"{'shape':<16}{'lines':>8} {'parse ms':>9}{'':6}{'check ms':>9}{'':6}{'lines/s':>10} {'MB':>7}{'':6}" + (f"{'O2 s':>8}{'':6}{'MB':>7}" if options.kayton else ""))
        for shape in options.shape or SHAPES:
            before: dict = {}
            for size in map(int, options.sizes.split(",")):
                text = SHAPES[shape](size)
                found = front_end(text, 5 if size <= 10000 else 3)
                if found is None:
                    break
                found["mb"] = (found["memory_kb"] - empty["memory_kb"]) / 1024
                factor = found["lines"] / before["lines"] if before else 1
                line = f"{shape:<16}{found['lines']:>8}"
                for key, least, scale in (("parse", 0.0003, 1000), ("check", 0.001, 1000), ("mb", 3, 1)):
                    grew = growth(found[key], before.get(key), factor, least)
                    if grew.strip():
                        worst = max(worst, float(grew))
                    line += f" {found[key] * scale:>8.1f} {grew}"
                    if key == "check":
                        line += f"{found['lines'] / found['check']:>10,.0f} "
                if options.kayton:
                    seconds, memory = measure([options.kayton, "run", str(path)])
                    found["o2"], found["o2_mb"] = seconds - base[0], (memory - base[1]) / 1024
                    line += f" {found['o2']:>7.2f} {growth(found['o2'], before.get('o2'), factor, 0.05)} {found['o2_mb']:>6.0f} {growth(found['o2_mb'], before.get('o2_mb'), factor, 5)}"
                print(line, flush=True)
                before = found
    print(f"worst step of the front end: {worst:.2f} × linear")
    return 0


if __name__ == "__main__":
    sys.exit(main())
