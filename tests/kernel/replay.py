"""A long conversation made from a seed: four clients of one kernel send cells, some of which fail, crash their worker, are
interrupted, undone or completed while they run; now and then the kernel is restarted. A model in Python says what each cell
gives. Every request must get its reply and its idle, each client's in order, and the state must be the model's.

    replay.py [--cells 500] [--seed 1]        run by the Python of tests/kernel/set_up.sh
"""

import argparse
import copy
import random
import time
from collections import Counter

from jupyter_client.manager import KernelManager

from kernel_case import PATIENCE, kill_busy_worker

CLIENTS = 4


class Wrong(AssertionError):
    pass


class Replay:
    def __init__(self, seed, say=lambda text: None):
        self.random = random.Random(seed)
        self.say = say
        self.counts = Counter()
        self.manager = KernelManager(kernel_name="kayton")
        self.manager.start_kernel()
        self.clients = []
        try:
            for _ in range(CLIENTS):
                client = self.manager.blocking_client()
                client.start_channels()
                client.wait_for_ready(timeout=PATIENCE)
                self.clients.append(client)
        except BaseException:
            self.close()
            raise
        self.forget()

    def close(self):
        for client in self.clients:
            client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def forget(self):
        self.state = {}
        self.states = []  # before each of the last cells, for %undo
        self.listener = self.clients[0]

    # --- one request

    def send(self, code, client=None, **options):
        client = client or self.random.choice(self.clients)
        return client, client.execute(code, allow_stdin=False, **options)

    def reply(self, client, wanted):
        """The next reply that the client gets, which must be to this request."""
        message = client.get_shell_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") != wanted:
            raise Wrong(f"a reply to {message['parent_header']} came before the one to {wanted}")
        return message["content"]

    def published(self, wanted, until="idle"):
        """What is published for a request, up to its idle or its first output."""
        found = []
        while True:
            message = self.listener.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != wanted:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and not found and content["execution_state"] != "busy":
                raise Wrong(f"the first status of {wanted} is {content}")
            found.append((kind, content))
            if (until == "idle" and content.get("execution_state") == "idle") or kind == until:
                return found

    def run(self, code, **options):
        client, wanted = self.send(code, **options)
        published = self.published(wanted)
        reply = self.reply(client, wanted)
        values = [content["data"]["text/plain"] for kind, content in published if kind == "execute_result"]
        return reply, values[0] if values else None

    def expect(self, condition, what):
        if not condition:
            raise Wrong(f"{what}; state {self.state}")

    def remember(self):
        self.states = (self.states + [copy.deepcopy(self.state)])[-5:]

    # --- what a cell may be

    def name(self, kind):
        names = [name for name in self.state if name.startswith(kind)]
        return self.random.choice(names) if names else None

    def assign(self):
        self.remember()
        name, value = f"v{self.random.randrange(8)}", self.random.randrange(1000)
        other = self.name("v")
        if other and self.random.random() < 0.5:
            self.state[name] = self.state[other] + value
            reply, _ = self.run(f"{name} = {other} + {value}")
        else:
            self.state[name] = value
            reply, _ = self.run(f"{name} = {value}")
        self.expect(reply["status"] == "ok", reply)

    def lists(self):
        self.remember()
        name = self.name("l")
        if name is None or self.random.random() < 0.2:
            name = f"l{self.random.randrange(4)}"
            self.state[name] = [1, 2]
            reply, _ = self.run(f"{name} = [1, 2]")
        else:
            value = self.random.randrange(100)
            self.state[name].append(value)
            reply, _ = self.run(f"{name}.append({value})")
        self.expect(reply["status"] == "ok", reply)

    def ask(self):
        if not self.state:
            return
        self.remember()
        names = sorted(self.state)
        reply, value = self.run("(" + ", ".join(names) + ",)")
        self.expect(reply["status"] == "ok", reply)
        self.expect("".join(value.split()) == "".join(repr(tuple(self.state[n] for n in names)).split()), value)

    def fail(self):
        self.remember()
        self.state["v0"] = 77
        reply, _ = self.run("v0 = 77\n1 // 0")
        self.expect(reply.get("ename") == "ZeroDivisionError", reply)

    def not_compiled(self):
        reply, _ = self.run("v0 = 5\nv0 + 'text'")
        self.expect(reply.get("ename") == "CompileError", reply)

    def running(self, code):
        client, wanted = self.send(code)
        self.published(wanted, until="stream")
        return client, wanted

    def crash(self):
        client, wanted = self.running("v1 = -1\nl0 = [0]\nprint('begun')\nwhile True:\n    pass")
        kill_busy_worker(self.manager.provisioner.process.pid)
        self.published_rest(wanted)
        reply = self.reply(client, wanted)
        self.expect(reply.get("ename") == "WorkerLost", reply)

    def published_rest(self, wanted):
        while True:
            message = self.listener.get_iopub_msg(timeout=PATIENCE)
            if (message["parent_header"].get("msg_id") == wanted and message["content"].get("execution_state") == "idle"):
                return

    def interrupt(self):
        self.remember()
        self.state["v2"] = 22
        client, wanted = self.running("v2 = 22\nprint('begun')\nwhile True:\n    pass")
        if self.random.random() < 0.5:
            self.complete()
        self.manager.interrupt_kernel()
        self.published_rest(wanted)
        reply = self.reply(client, wanted)
        self.expect(reply.get("ename") == "KeyboardInterrupt", reply)
        if reply["evalue"]:  # it had to be ended, and stands as before the cell
            self.say("   " + reply["evalue"])
            self.state = self.states.pop()

    def complete(self):
        client = self.random.choice(self.clients)
        names = sorted(name for name in self.state if name.startswith("l"))
        wanted = client.complete("l", 1)
        while True:  # a client that waits for a cell may get this first
            message = client.get_shell_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == wanted:
                break
            raise Wrong("another reply came before that of a completion")
        self.expect(set(names) <= set(message["content"]["matches"]), message["content"])

    def undo(self):
        if not self.states:
            return
        count = self.random.randrange(1, len(self.states) + 1)
        reply, _ = self.run(f"%undo {count}")
        self.expect(reply["status"] == "ok", reply)
        self.state = self.states[-count]
        self.states = self.states[:-count]

    def many(self):
        """Cells of all clients at once: each client's replies come in its order."""
        self.remember()
        self.state["v5"] = 0
        self.run("v5 = 0")
        sent = []
        for _ in range(12):
            self.remember()
            sent.append(self.send("v5 += 1"))
        self.state["v5"] = 12
        for i in range(1, 6):
            self.states[-i]["v5"] = 12 - i
        for client in self.clients:
            for owner, wanted in sent:
                if owner is client:
                    self.expect(self.reply(client, wanted)["status"] == "ok", "a cell among many")
        idle = set()
        while len(idle) < len(sent):
            message = self.listener.get_iopub_msg(timeout=PATIENCE)
            if message["content"].get("execution_state") == "idle":
                idle.add(message["parent_header"].get("msg_id"))
                idle &= {wanted for _, wanted in sent}

    def restart(self):
        if self.random.random() < 0.5:
            reply, _ = self.run("%restart")
            self.expect(reply["status"] == "ok", reply)
        else:
            self.manager.restart_kernel(now=self.random.random() < 0.5)
            for client in self.clients:
                client.wait_for_ready(timeout=PATIENCE)
        self.forget()

    def go(self, cells):
        kinds = [(self.assign, 30), (self.lists, 20), (self.ask, 20), (self.fail, 6), (self.not_compiled, 5), (self.crash, 6),
                 (self.interrupt, 5), (self.complete, 6), (self.undo, 6), (self.many, 3), (self.restart, 1)]
        for number in range(cells):
            kind = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
            self.counts[kind.__name__] += 1
            self.say(f"{number}: {kind.__name__}")
            try:
                kind()
            except Exception as error:
                raise Wrong(f"cell {number} ({kind.__name__}): {type(error).__name__}: {error}") from error
        self.ask()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    begun = time.monotonic()
    replay = Replay(arguments.seed, print if arguments.verbose else lambda text: None)
    try:
        replay.go(arguments.cells)
    finally:
        replay.close()
    counts = ", ".join(f"{count} {name}" for name, count in sorted(replay.counts.items()))
    print(f"{arguments.cells} cells, seed {arguments.seed}: all as they should be ({counts}) in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
