#!/usr/bin/env python3
"""Kills kik at random moments, and runs many at once, on one environment: it must always be the old or the new one.

    environments.py --kik build/release/bin/kik [--kills 200] [--seconds 300] [--processes 8] [--seed 1]

Needs crates that cargo can reach, or a home (--home) whose cache has strsim and heck. Prints what it did; exit 1 and the
reason at the first state that is neither.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

CRATES = ["strsim", "heck"]


class Soak:
    def __init__(self, kik, home, seed):
        self.kik_program, self.home, self.random = kik, home, random.Random(seed)
        self.project = os.path.join(home, "project")
        os.makedirs(self.project, exist_ok=True)
        self.environment = dict(os.environ, KAYTON_HOME=home, KAYTON_ACTIVE_ENV="demo", NO_COLOR="1")

    def kik(self, *words, check=True, timeout=300, folder=None):
        done = subprocess.run([self.kik_program, *words], env=self.environment, cwd=folder or self.home,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise SystemExit(f"kik {' '.join(words)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
        return done

    def state(self):
        """What the environment holds, or None when it is not there."""
        if not os.path.exists(os.path.join(self.home, "envs/demo/metadata/env.json")):
            return None
        listed = json.loads(self.kik("list", "--json").stdout)
        return tuple(sorted((entry["crate"], entry["version"]) for entry in listed["crates"]))

    def set_up(self):
        for name in CRATES:  # both into the cache
            self.environment["KAYTON_ACTIVE_ENV"] = "warm"
            if not os.path.exists(os.path.join(self.home, "envs/warm")):
                self.kik("create", "warm")
            self.kik("rinstall", name)
        with open(os.path.join(self.project, "kayton.toml"), "w") as file:
            file.write('[crates]\nheck = "*"\n')
        self.kik("lock", folder=self.project)
        self.environment["KAYTON_ACTIVE_ENV"] = "demo"
        self.kik("create", "demo")

    def command(self, state):
        """A command that changes this state, and where it is run."""
        crates = {crate for crate, _ in state}
        choices = [("rollback",)] if self.kik("history", "--json").stdout.count('"state"') > 1 else []
        choices += [("rinstall", name) for name in CRATES]
        choices += [("rinstall", *CRATES), ("remove", "-y", "demo"), ("sync", "-y")]
        choices += [("uninstall", name) for name in crates]
        return self.random.choice(choices)

    def kills(self, rounds):
        print(f"kill -9 at {rounds} random moments", flush=True)
        killed = torn = 0
        durations = {}
        for turn in range(rounds):
            before = self.state()
            if before is None:
                self.kik("trash", "restore", "demo")
                before = self.state()
            words = self.command(before)
            longest = durations.get(words[0], 0.2)
            started = time.monotonic()
            child = subprocess.Popen([self.kik_program, *words], env=self.environment, cwd=self.project,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                child.wait(self.random.uniform(0, longest))
                durations[words[0]] = max(0.02, time.monotonic() - started)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                killed += 1
            after = self.state()
            fresh = self.expected(before, words)
            if after != before and fresh is not None and after not in fresh:
                raise SystemExit(f"round {turn}: kik {' '.join(words)} made {before} into {after}")
            if after is None:
                self.kik("trash", "restore", "demo")
            torn += os.path.exists(os.path.join(self.home, "envs/demo/metadata/installing.json"))
            # The next command mends what was left, and then nothing is wrong.
            self.kik("doctor", "--fix")
            if self.state() != (after if after is not None else before):
                raise SystemExit(f"round {turn}: doctor --fix made {after} into {self.state()}")
            self.kik("doctor")
        print(f"  {killed} were killed, {torn} of them in the middle of a commit; each time the old state or the new")

    def expected(self, before, words):
        """What a command makes of a state; None where any earlier state will do."""
        names = dict(before)
        known = {"strsim": self.version("strsim"), "heck": self.version("heck")}
        if words[0] == "rinstall":
            names.update({name: known[name] for name in words[1:]})
        elif words[0] == "uninstall":
            names = {name: version for name, version in names.items() if name not in words[1:]}
        elif words[0] == "sync":
            names = {"heck": known["heck"]}
        elif words[0] == "remove":
            return [None]
        else:
            return None
        return [tuple(sorted(names.items()))]

    def version(self, crate):
        folder = os.path.join(self.home, "envs/warm/libs", crate)
        return os.listdir(folder)[0]

    def together(self, processes, seconds):
        print(f"{processes} processes for {seconds} seconds", flush=True)
        end = time.monotonic() + seconds
        if self.state() is None:
            self.kik("trash", "restore", "demo")

        def run(number):
            chance, count, waits = random.Random(number), 0, 0
            while time.monotonic() < end:
                words = chance.choice([("rinstall", "strsim"), ("rinstall", "heck"), ("uninstall", "strsim"),
                                       ("uninstall", "heck"), ("rollback",), ("sync", "-y"), ("list", "--json"),
                                       ("history", "--json"), ("tree",), ("doctor",), ("allow", "env", "X"),
                                       ("clone", "demo", f"copy{number}"), ("remove", "-y", f"copy{number}")])
                done = self.kik(*words, check=False, timeout=120, folder=self.project)
                count += 1
                waits += "Waiting for another kik (pid" in done.stderr
                fine = done.returncode == 0 or (done.returncode == 1 and any(
                    text in done.stderr + done.stdout for text in
                    ("is not installed", "does not exist", "exists already", "has no earlier state",
                     # A reader that took no lock looked at a crate in the moment it went.
                     "cannot read")))
                if not fine:
                    raise SystemExit(f"kik {' '.join(words)} ended with {done.returncode}:\n{done.stderr}{done.stdout}")
            return count, waits

        with ThreadPoolExecutor(processes) as pool:
            counts = list(pool.map(run, range(processes)))
        self.kik("doctor")
        print(f"  {sum(count for count, _ in counts)} commands, {sum(waits for _, waits in counts)} waited and said so; "
              f"nothing is broken: {self.state()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kik", default=shutil.which("kik"))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    home = tempfile.mkdtemp(prefix="kayton-soak.")
    try:
        soak = Soak(os.path.abspath(arguments.kik), home, arguments.seed)
        soak.set_up()
        if arguments.kills:
            soak.kills(arguments.kills)
        if arguments.seconds:
            soak.together(arguments.processes, arguments.seconds)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
