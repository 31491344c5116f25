#!/usr/bin/env python3
"""kills.py KAYTON [--kills N] [--seed N]: ends the supervisor or its worker with SIGKILL at random moments, and looks at what is
left: no process of the tree, nothing in /dev/shm, no mount, and no temporary folder once another session has swept them. A worker
that is killed leaves its session with every variable. Needs no crate."""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("kayton")
parser.add_argument("--kills", type=int, default=500)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
chance = random.Random(options.seed)
folder = tempfile.mkdtemp(prefix="kayton-kills-")
temporary = os.path.join(folder, "tmp")
os.mkdir(temporary)
environment = dict(os.environ, NO_COLOR="1", KAYTON_HOME=os.path.join(folder, "home"), TMPDIR=temporary)


def tree() -> list[int]:
    """The processes that run in the folder."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd") == folder:
                found.append(int(name))
        except OSError:
            pass
    return found


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def mounts() -> int:
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return len(file.readlines())


def fail(round_number: int, message: str) -> None:
    for pid in tree():
        os.kill(pid, signal.SIGKILL)
    sys.exit(f"seed {options.seed}, round {round_number}: {message}")


shared_before, mounts_before = set(os.listdir("/dev/shm")), mounts()
killed = {"supervisor": 0, "worker": 0}
for number in range(options.kills):
    session = subprocess.Popen([options.kayton, "repl"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    cells = "".join(f"x{n} = [{n}] * 1000\nprint('made', len(x{n}))\n" for n in range(chance.randint(1, 30)))
    session.stdin.write("kept = [1, 2, 3]\nprint('ready')\n")
    session.stdin.flush()
    early = chance.random() < 0.3  # while it starts
    if not early:
        while session.stdout.readline() != "ready\n":
            pass
    session.stdin.write(cells)
    session.stdin.flush()
    time.sleep(chance.random() * (0.05 if early else 0.03))
    workers = children(session.pid)
    if workers and not early and chance.random() < 0.5:
        killed["worker"] += 1
        try:
            os.kill(workers[0], signal.SIGKILL)
        except ProcessLookupError:
            pass
        out, _ = session.communicate("print('kept is', kept)\nprint('kept is', kept)\n", timeout=60)
        if "kept is [1, 2, 3]\n" not in out:
            fail(number, "a variable is gone with its worker:\n" + out[-300:])
    else:
        killed["supervisor"] += 1
        session.kill()
        session.communicate(timeout=60)
    deadline = time.monotonic() + 10
    while tree() and time.monotonic() < deadline:
        time.sleep(0.01)
    if tree():
        fail(number, f"processes are left: {tree()}")
    if set(os.listdir("/dev/shm")) - shared_before:
        fail(number, "something is left in /dev/shm")
    if mounts() != mounts_before:
        fail(number, "a mount is left")
# What killed supervisors left of their temporary folders goes with the next sessions, once it is clear that nobody is about to
# use it; a session removes so many at its start.
for sweep in range(options.kills):
    for root in os.listdir(temporary):
        for name in os.listdir(os.path.join(temporary, root)):
            os.utime(os.path.join(temporary, root, name), (1, 1))
    if not os.listdir(temporary):
        break
    subprocess.run([options.kayton, "repl"], cwd=folder, env=environment, input="print(1)\n", capture_output=True, text=True,
                   timeout=60, check=True)
if os.listdir(temporary):
    fail(options.kills, f"temporary folders are left: {os.listdir(os.path.join(temporary, os.listdir(temporary)[0]))}")
print(f"{killed['supervisor']} supervisors and {killed['worker']} workers killed: nothing was left")
for root, folders, files in os.walk(folder, topdown=False):
    for name in files:
        os.unlink(os.path.join(root, name))
    for name in folders:
        os.rmdir(os.path.join(root, name))
os.rmdir(folder)
