#!/usr/bin/env python3
"""The kernel and ipykernel side by side: how long a person waits for a cell, for output, for an interrupt.

    kernel.py [--cells N] [--kernels kayton,python3]

Run it with a Python that has jupyter_client and ipykernel, and kernelspecs of those names. The floor is a kernel that
answers every request without doing anything, over the same client: what is above it is the kernel's own.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

FLOOR = r'''
import json, sys, zmq
from jupyter_client.session import Session
info = json.load(open(sys.argv[1]))
session = Session(key=info["key"].encode(), signature_scheme=info["signature_scheme"])
context = zmq.Context()
def bind(kind, name):
    socket = context.socket(kind)
    socket.bind(f"tcp://{info['ip']}:{info[name]}")
    return socket
shell, control = bind(zmq.ROUTER, "shell_port"), bind(zmq.ROUTER, "control_port")
iopub, heart, stdin = bind(zmq.PUB, "iopub_port"), bind(zmq.ROUTER, "hb_port"), bind(zmq.ROUTER, "stdin_port")
poller = zmq.Poller()
for socket in (shell, control, heart):
    poller.register(socket, zmq.POLLIN)
while True:
    for socket, _ in poller.poll():
        frames = socket.recv_multipart()
        if socket is heart:
            heart.send_multipart(frames)
            continue
        identities, parts = session.feed_identities(frames)
        message = session.deserialize(parts)
        kind = message["msg_type"]
        session.send(iopub, "status", {"execution_state": "busy"}, parent=message)
        content = {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}
        if kind == "kernel_info_request":
            content = {"status": "ok", "protocol_version": "5.3", "implementation": "floor",
                       "implementation_version": "0", "language_info": {"name": "none", "file_extension": "",
                       "mimetype": "", "version": "0"}, "banner": "", "help_links": []}
        session.send(socket, kind.replace("request", "reply"), content, parent=message, ident=identities)
        session.send(iopub, "status", {"execution_state": "idle"}, parent=message)
        if kind == "shutdown_request":
            sys.exit()
'''

CODE = {
    "kayton": {"lines": "for i in range(100000):\n    print(i)", "loop": "while True:\n    pass"},
    "python3": {"lines": "for i in range(100000):\n    print(i)", "loop": "while True:\n    pass"},
}


class Probe:
    def __init__(self, name):
        self.name = name
        begun = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel()
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.run("1")
        self.started = time.perf_counter() - begun

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code):
        """Seconds to the reply and the idle, to the first output, and the number of messages with output."""
        first, count = None, 0

        def hook(message):
            nonlocal first, count
            if message["msg_type"] in ("stream", "execute_result"):
                first = first or time.perf_counter()
                count += 1
        begun = time.perf_counter()
        self.client.execute_interactive(code, output_hook=hook, timeout=60)
        return time.perf_counter() - begun, (first or begun) - begun, count

    def trivial(self, cells):
        return [self.run(f"1 + {i}")[0] for i in range(cells)]

    def lines(self):
        return self.run(CODE[self.name]["lines"])

    def busy(self, question):
        running = self.client.execute(CODE[self.name]["loop"])
        time.sleep(0.3)
        times = []
        for _ in range(50):
            begun = time.perf_counter()
            wanted = question()
            while True:
                try:
                    reply = self.client.get_shell_msg(timeout=3)
                except Exception:
                    times = None
                    break
                if reply["parent_header"].get("msg_id") == wanted:
                    times.append(time.perf_counter() - begun)
                    break
            if times is None:
                break
        begun = time.perf_counter()
        self.manager.interrupt_kernel()
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == running:
                return times, time.perf_counter() - begun

    def restart(self):
        begun = time.perf_counter()
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)
        self.run("1")
        return time.perf_counter() - begun

    def memory(self):
        """Proportional set size of the kernel and all its children, MiB."""
        family, total = {self.manager.provisioner.process.pid}, 0
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
        grew = True
        while grew:
            more = {pid for pid, parent in parents.items() if parent in family} - family
            family |= more
            grew = bool(more)
        for pid in family:
            try:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
            except OSError:
                continue
        return total / 1024


def milliseconds(seconds):
    return f"{seconds * 1e3:.1f}"


def measure(name, cells):
    probe = Probe(name)
    rows = {"start to first result": milliseconds(probe.started)}
    times = probe.trivial(cells)
    rows["trivial cell, median"] = milliseconds(statistics.median(times))
    rows["trivial cell, 95 %"] = milliseconds(sorted(times)[int(len(times) * 0.95)])
    if name in CODE:
        rows["memory idle, MiB PSS"] = f"{probe.memory():.0f}"
        rows["first 20 / last 20 cells"] = f"{statistics.median(times[-20:]) / statistics.median(times[:20]):.2f}"
        whole, first, messages = probe.lines()
        rows["100,000 printed lines"] = milliseconds(whole)
        rows["  first output"] = milliseconds(first)
        rows["  messages"] = str(messages)
        completions, interrupt = probe.busy(lambda: probe.client.complete("pri"))
        rows["completion while a loop runs, 99 %"] = (
            milliseconds(sorted(completions)[int(len(completions) * 0.99)]) if completions else "none in 3 s")
        rows["interrupt of a loop"] = milliseconds(interrupt)
        rows["restart to first result"] = milliseconds(probe.restart())
    probe.close()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--kernels", default="kayton,python3")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spec = pathlib.Path(folder, "kernels", "floor")
        spec.mkdir(parents=True)
        pathlib.Path(folder, "floor.py").write_text(FLOOR)
        (spec / "kernel.json").write_text(json.dumps({
            "argv": [sys.executable, f"{folder}/floor.py", "{connection_file}"], "display_name": "floor",
            "language": "none"}))
        os.environ["JUPYTER_PATH"] = folder + os.pathsep + os.environ.get("JUPYTER_PATH", "")
        names = ["floor", *arguments.kernels.split(",")]
        missing = set(names) - set(KernelSpecManager().find_kernel_specs())
        if missing:
            sys.exit(f"no kernel is called {', '.join(sorted(missing))}: see `kik kernel install`, `pip install ipykernel`")
        columns = {name: measure(name, arguments.cells) for name in names}
    width = max(len(row) for rows in columns.values() for row in rows)
    print(" " * width + "".join(f"{name:>14}" for name in names) + "   (ms)")
    for row in columns[names[-1]]:
        print(f"{row:<{width}}" + "".join(f"{columns[name].get(row, ''):>14}" for name in names))


if __name__ == "__main__":
    main()
