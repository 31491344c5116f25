#!/usr/bin/env python3
"""soak.py KAYTON [--seconds N] [--seed N]: one session after the other is treated badly, at random from a seed.

Cells that go well, that raise, that crash in a crate, that end the process, that loop for ever until Ctrl-C, and workers that
are killed from outside. All along: every variable has the value it must have, the supervisor holds no more descriptors and
children than before, and when a session ends (by itself or by kill -9) nothing of it is left. The environment in use needs
the crate of examples/plugin_hello. Standard library only.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 60  # seconds for any answer


def children(pid: int) -> set[int]:
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.add(int(status.parent.name))
    return found


def wait_for(condition, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.01)


class Session:
    def __init__(self, program: str):
        self.process = subprocess.Popen([program, "repl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.said = 0
        self.values = {"number": 0, "words": []}
        self.send("rimport plugin_hello")
        self.send("number = 0")
        self.send("words = ['']")
        self.values["words"] = [""]
        self.check()
        self.descriptors = self.count_descriptors()

    def send(self, text: str) -> None:
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def until(self, mark: str) -> list[str]:
        """The lines up to the one that is `mark`."""
        lines = []
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("the session ended:\n" + "".join(lines[-20:]))
            if line.rstrip("\n") == mark:
                return lines
            lines.append(line)
        raise AssertionError("no answer:\n" + "".join(lines[-20:]))

    def mark(self) -> list[str]:
        self.said += 1
        self.send(f"print('mark {self.said}')")
        return self.until(f"mark {self.said}")

    def check(self) -> None:
        self.mark()
        self.said += 1
        self.send(f"print('values', number, words, 'mark {self.said}')")
        wanted = f"values {self.values['number']} {self.values['words']!r} mark {self.said}"
        self.until(wanted)

    def count_descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # --- what happens to it

    def good(self, rng: random.Random) -> None:
        value = rng.randrange(10**9)
        word = "w" * rng.randrange(5)
        self.send(f"dummy = 0; words.append('{word}')")
        self.values["words"].append(word)
        self.send(f"for i in range({value % 7}): words[0] = str(i)\n")
        if value % 7:
            self.values["words"][0] = str(value % 7 - 1)

    def raises(self, _: random.Random) -> None:
        self.send("1 // 0")

    def crash(self, rng: random.Random) -> None:
        how = rng.choice(["crash", "abort", "overflow_stack", "exit0"])
        self.send(f"words.append('spoilt'); plugin_hello.{how}()")

    def interrupt(self, rng: random.Random) -> None:
        self.said += 1
        self.send(f"print('mark {self.said}', flush=True); words.append('spoilt'); plugin_hello.loop_forever()")
        self.until(f"mark {self.said}")
        for _ in range(2):
            time.sleep(rng.random() * 0.05)
            os.kill(self.process.pid, signal.SIGINT)
            time.sleep(0.05)

    def killed(self, rng: random.Random) -> None:
        self.said += 1
        self.send(f"print('mark {self.said}', flush=True); words.append('spoilt'); plugin_hello.loop_forever()")
        self.until(f"mark {self.said}")
        time.sleep(rng.random() * 0.02)
        # The worker is the process that has a child of its own, the checkpoint, or none; the supervisor's first child.
        for child in children(self.process.pid):
            os.kill(child, rng.choice([signal.SIGKILL, signal.SIGSEGV]))

    def end(self, rng: random.Random) -> None:
        tree = children(self.process.pid)
        for child in list(tree):
            tree |= children(child)
        if rng.random() < 0.5:
            self.process.kill()
        else:
            self.process.stdin.close()
        self.process.wait(PATIENCE)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in tree), f"processes are left: {tree}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print("seed", options.seed, flush=True)
    rng = random.Random(options.seed)
    end = time.monotonic() + options.seconds
    counts: dict[str, int] = {}
    while time.monotonic() < end:
        session = Session(options.program)
        for _ in range(rng.randrange(5, 60)):
            event = rng.choices(["good", "raises", "crash", "interrupt", "killed"], [6, 2, 4, 1, 2])[0]
            getattr(session, event)(rng)
            counts[event] = counts.get(event, 0) + 1
            session.check()
            assert len(children(session.process.pid)) == 1, "there are other children than the worker"
        # One checkpoint more or less may be held at the moment.
        assert session.count_descriptors() <= session.descriptors + 3, "the supervisor's descriptors have grown"
        session.end(rng)
        counts["sessions"] = counts.get("sessions", 0) + 1
    print(", ".join(f"{count} {event}" for event, count in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
