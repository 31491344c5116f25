"""A kernel for each test class, started by Jupyter's client from the installed kernelspec, and what tests ask of it."""

import contextlib
import os
import pathlib
import signal
import tempfile
import threading
import time
import unittest

from jupyter_client.manager import start_new_kernel

PATIENCE = 60


def children_of(pid):
    """Process and state of the children of a process."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append((int(stat.parent.name), fields[0]))
    return found


def kill_busy_worker(kernel, sent=signal.SIGSEGV):
    """Kills the worker that runs a cell. The kernel's other children are checkpoints, which sleep."""
    deadline = time.monotonic() + PATIENCE
    while not (busy := [pid for pid, state in children_of(kernel) if state == "R"]):
        if time.monotonic() > deadline:
            raise AssertionError("no worker runs")
    os.kill(busy[0], sent)


class Ran:
    """What one cell gave: the reply and everything published for it."""

    def __init__(self, reply, messages):
        self.reply = reply["content"]
        self.metadata = reply["metadata"]
        self.messages = [(m["msg_type"], m["content"]) for m in messages]

    def of(self, kind):
        return [content for message_type, content in self.messages if message_type == kind]

    def stream(self, name="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == name)

    @property
    def status(self):
        return self.reply["status"]

    @property
    def value(self):
        results = self.of("execute_result")
        return results[0]["data"]["text/plain"] if results else None

    @property
    def traceback(self):
        return "\n".join(self.reply["traceback"])


class KernelCase(unittest.TestCase):
    environment = {}  # what the kernel's has besides the tests' own

    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="kayton",
                                                   env={**os.environ, **cls.environment})

    @classmethod
    def tearDownClass(cls):
        cls.client.stop_channels()
        cls.manager.shutdown_kernel(now=True)

    def run_cell(self, code, stdin=None, **options):
        messages = []
        hook = None
        if stdin is not None:
            def hook(message):
                self.prompts.append(message["content"]["prompt"])
                self.client.input(stdin)
        self.prompts = []
        reply = self.client.execute_interactive(
            code, timeout=PATIENCE, output_hook=messages.append, stdin_hook=hook,
            allow_stdin=stdin is not None, **options)
        return Ran(reply, messages)

    def value_of(self, code):
        ran = self.run_cell(code)
        self.assertEqual(ran.status, "ok", ran.reply)
        return ran.value

    @contextlib.contextmanager
    def held_cell(self):
        """Gives the text of a cell that runs until all that was sent inside of the block has arrived. The first reply after
        it is found_first."""
        with tempfile.TemporaryDirectory(dir=".") as folder:
            gate = os.path.join(folder, "open")
            yield f"import os\nimport time\nwhile not os.path.exists('{gate}'):\n    time.sleep(0.01)\n"
            self.ask(self.client.kernel_info)  # the kernel takes requests in their order
            pathlib.Path(gate).touch()
            self.found_first = self.client.get_shell_msg(timeout=PATIENCE)  # before the folder goes

    def wait_until_it_runs(self, sent):
        """Of two queues the one that waits longer is served first, so the cell that is to hold both must have begun."""
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] == "execute_input" and message["parent_header"].get("msg_id") == sent:
                return sent

    def wait_for_reply(self, wanted):
        """The reply to a request on the shell channel."""
        deadline = time.monotonic() + PATIENCE
        while True:
            reply = self.client.get_shell_msg(timeout=max(0.0, deadline - time.monotonic()))
            if reply["parent_header"].get("msg_id") == wanted:
                return reply

    def ask(self, send, *arguments, **options):
        """The content of the reply to a request on the shell channel."""
        return self.wait_for_reply(send(*arguments, **options))["content"]

    def crash_running_cell(self, code, sent=signal.SIGSEGV):
        """Runs a cell that prints and then loops, kills the worker that runs it, and gives the reply's content."""
        running = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == running:
                break
        kill_busy_worker(self.manager.provisioner.process.pid, sent)
        return self.wait_for_reply(running)["content"]

    def interrupted_after(self, seconds, code):
        timer = threading.Timer(seconds, self.manager.interrupt_kernel)
        timer.start()
        try:
            return self.run_cell(code)
        finally:
            timer.join()
