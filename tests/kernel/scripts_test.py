"""Cells that are scripts: %%bash and %%sh, in the sandbox, by permission."""

import os
import subprocess
import tempfile
import unittest

from jupyter_client.manager import start_new_kernel

from kernel_case import PATIENCE, KernelCase


class Scripts(KernelCase):
    """In an environment of its own, in which bash and sleep may run."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.environment = {**os.environ, "KAYTON_HOME": cls.folder.name + "/home", "KAYTON_ACTIVE_ENV": "scripts",
                           "JUPYTER_PATH": cls.folder.name + "/share/jupyter"}
        for words in (["create", "scripts"], ["allow", "run", "bash", "sleep"],
                      ["kernel", "install", "-n", "scripts", "--prefix", cls.folder.name]):
            subprocess.run(["kik", *words], env=cls.environment, check=True, capture_output=True, timeout=PATIENCE)
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = cls.environment["JUPYTER_PATH"]
        try:
            cls.manager, cls.client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="scripts", env=cls.environment)
        finally:
            os.environ.pop("JUPYTER_PATH")
            if before is not None:
                os.environ["JUPYTER_PATH"] = before

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def test_output_comes_in_the_order_it_was_written_and_before_the_reply(self):
        ran = self.run_cell("%%bash\nfor n in 1 2 3; do echo line $n; done\necho warned >&2")
        self.assertEqual((ran.status, ran.stream(), ran.stream("stderr")), ("ok", "line 1\nline 2\nline 3\n", "warned\n"))

    def test_a_script_that_fails_says_its_status_and_keeps_the_variables(self):
        self.run_cell("kept = [1, 2]")
        ran = self.run_cell("%%bash\nexit 3")
        self.assertEqual((ran.reply["ename"], ran.reply["evalue"]),
                         ("CalledProcessError", "the script ended with status 3"))
        self.assertEqual(self.value_of("kept"), "[1, 2]")

    def test_what_it_calls_needs_a_permission_too(self):
        ran = self.run_cell("%%bash\nls")
        self.assertEqual(ran.reply["ename"], "CalledProcessError")
        self.assertIn("Permission denied", ran.stream("stderr"))

    def test_it_runs_in_the_sandbox(self):
        ran = self.run_cell("%%bash\nread line < /etc/passwd && echo \"got $line\"\necho x > /dev/tcp/127.0.0.1/9")
        self.assertEqual(ran.reply["ename"], "CalledProcessError")
        self.assertEqual(ran.stream(), "")

    def test_an_interrupt_ends_it_and_what_it_has_started(self):
        self.run_cell("kept = 7")
        running = self.client.execute("%%bash\necho going\nsleep 600\necho not reached")
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] == "stream" and "going" in message["content"]["text"]:
                break
        self.manager.interrupt_kernel()
        reply = self.wait_for_reply(running)
        self.assertEqual(reply["content"]["ename"], "KeyboardInterrupt")
        self.assertEqual(self.value_of("kept"), "7")


class WithoutPermission(KernelCase):
    def test_the_refusal_says_what_allows_it(self):
        ran = self.run_cell("%%bash\necho hello")
        self.assertEqual(ran.reply["ename"], "PermissionError")
        self.assertIn("kik allow run bash", ran.traceback)
        self.assertEqual(ran.stream(), "")


if __name__ == "__main__":
    unittest.main()
