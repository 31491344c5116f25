#!/usr/bin/env python3
"""checkpoint.py KAYTON: what a checkpoint costs a cell, and how long after a crash the next cell answers, with a small heap and
with one of 100 MB. The environment in use needs the crate of examples/plugin_hello. It asserts nothing."""

import statistics
import subprocess
import sys
import time

session = subprocess.Popen([sys.argv[1], "repl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def send(cell: str) -> None:
    session.stdin.write(cell + "\n")
    session.stdin.flush()


def answer(cell: str, wanted: str) -> float:
    begun = time.perf_counter()
    send(cell)
    while (line := session.stdout.readline()).rstrip("\n") != wanted:
        if not line:
            sys.exit("the session ended")
    return (time.perf_counter() - begun) * 1000


def crash() -> float:
    begun = time.perf_counter()
    send("plugin_hello.crash()")
    answer("print('on')", "on")
    return (time.perf_counter() - begun) * 1000


send("rimport plugin_hello")
answer("print('ready')", "ready")
for heap in ("small heap", "100 MB heap"):
    if heap != "small heap":
        send("xs = [i for i in range(13_000_000)]")
    answer("print('made')", "made")
    cells = [answer(f"print({n})", str(n)) for n in range(41)]
    crashes = []
    for _ in range(9):
        crashes.append(crash())
        answer("print(1)", "1")
    cell, whole = statistics.median(cells), statistics.median(crashes)
    # The crashing cell is compiled and run as any other before it crashes.
    print(f"{heap}: a cell {cell:.1f} ms, a cell that crashes and the next {whole:.1f} ms, so from the crash to the next "
          f"answer {whole - cell:.1f} ms")
session.stdin.close()
session.wait()
