"""What reaches the kernel's ports: signed messages only, and nothing that comes there ends it."""

import hashlib
import hmac
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import time
import unittest
import uuid

import zmq
from jupyter_client.manager import KernelManager
from jupyter_client.session import Session

from kernel_case import PATIENCE, KernelCase


class Wire(KernelCase):
    def setUp(self):
        self.context = zmq.Context.instance()
        self.info = json.loads(pathlib.Path(self.manager.connection_file).read_text())
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"tcp://127.0.0.1:{self.info['shell_port']}")

    def tearDown(self):
        self.socket.close()

    def header(self, kind="kernel_info_request"):
        return {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "t", "session": "s",
                "date": "2026-01-01T00:00:00Z", "version": "5.3"}

    def signature(self, parts):
        mac = hmac.new(self.info["key"].encode(), digestmod=hashlib.sha256)
        for part in parts:
            mac.update(part)
        return mac.hexdigest().encode()

    def parts(self, header, content=b"{}"):
        return [json.dumps(header).encode(), b"{}", b"{}", content]

    def send(self, parts, signature=None):
        signature = self.signature(parts) if signature is None else signature
        self.socket.send_multipart([b"<IDS|MSG>", signature, *parts])

    def replies(self, seconds=0.4):
        found = []
        while self.socket.poll(int(seconds * 1000)):
            found.append(json.loads(self.socket.recv_multipart()[2]))
        return found

    def assert_alive(self):
        wanted = self.header()
        self.send(self.parts(wanted))
        self.assertTrue(self.socket.poll(PATIENCE * 1000), "the kernel does not answer any more")
        frames = self.socket.recv_multipart()
        self.assertEqual(frames[1], self.signature(frames[2:6]))
        self.assertEqual(json.loads(frames[3])["msg_id"], wanted["msg_id"])

    def refused(self, parts, signature=None):
        self.send(parts, signature)
        self.assertEqual(self.replies(), [])
        self.assert_alive()

    def test_wrong_signatures(self):
        parts = self.parts(self.header())
        self.refused(parts, b"0" * 64)
        self.refused(parts, b"")
        self.refused(parts, self.signature(parts)[:-1])
        self.refused(parts, hmac.new(b"another key", b"".join(parts), hashlib.sha256).hexdigest().encode())
        changed = [parts[0], parts[1], parts[2], b'{"a": 1}']
        self.refused(changed, self.signature(parts))

    def test_a_message_is_taken_once(self):
        parts = self.parts(self.header())
        self.send(parts)
        self.send(parts)
        self.assertTrue(self.socket.poll(PATIENCE * 1000))
        self.assertEqual(len(self.replies()), 1)
        self.assert_alive()

    def test_truncated_messages(self):
        parts = self.parts(self.header())
        signature = self.signature(parts)
        for frames in ([b"<IDS|MSG>"], [b"<IDS|MSG>", signature], [b"<IDS|MSG>", signature, *parts[:3]], [b""],
                       [b"no delimiter", signature, *parts]):
            self.socket.send_multipart(frames)
        self.assertEqual(self.replies(), [])
        self.assert_alive()

    def test_json_that_is_none(self):
        for content in (b"", b"{", b"[]", b"null", b'{"a": \xff}', b"{}{}", b"\x00"):
            self.refused(self.parts(self.header(), content))
        self.refused([b"[]", b"{}", b"{}", b"{}"])
        self.refused([json.dumps({"msg_type": "kernel_info_request"}).encode(), b"{}", b"{}", b"{}"])

    def test_deep_json(self):
        self.refused(self.parts(self.header(), b'{"a":' * 100_000 + b"1" + b"}" * 100_000))
        self.refused(self.parts(self.header(), b'{"a":' + b"[" * 1_000_000))

    def test_very_long_part(self):
        self.refused(self.parts(self.header(), b'{"a": "' + b"x" * (65 << 20) + b'"}'))

    def test_members_of_other_types(self):
        self.send(self.parts(self.header("execute_request"),
                             json.dumps({"code": ["1"], "silent": "no", "user_expressions": 7}).encode()))
        self.send(self.parts(self.header("complete_request"),
                             json.dumps({"code": "pri", "cursor_pos": 2 ** 63}).encode()))
        self.send(self.parts(self.header("history_request"), json.dumps({"n": -5, "session": "x"}).encode()))
        answered = {message["msg_type"] for message in self.replies(2)}
        self.assertEqual(answered, {"execute_reply", "complete_reply", "history_reply"})
        self.assert_alive()

    def test_unknown_requests_get_an_error(self):
        self.send(self.parts(self.header("dance_request")))
        self.assertEqual([m["msg_type"] for m in self.replies()], ["dance_reply"])
        self.refused(self.parts(self.header("dance")))

    def test_cell_that_is_not_text(self):
        ran = self.run_cell("x = '\x00'")
        self.assertEqual(ran.reply["ename"], "SyntaxError")
        self.assert_alive()

    def test_heartbeat_while_a_cell_runs(self):
        heart = self.context.socket(zmq.REQ)
        heart.linger = 0
        heart.connect(f"tcp://127.0.0.1:{self.info['hb_port']}")
        self.client.execute("while True:\n    pass")
        for _ in range(20):
            heart.send(b"ping")
            self.assertTrue(heart.poll(PATIENCE * 1000))
            self.assertEqual(heart.recv(), b"ping")
        heart.close()
        self.manager.interrupt_kernel()
        self.assertEqual(self.ask(self.client.kernel_info)["status"], "ok")

    def test_subscribers_are_welcomed(self):
        listener = self.context.socket(zmq.SUB)
        listener.linger = 0
        listener.subscribe(b"")
        listener.connect(f"tcp://127.0.0.1:{self.info['iopub_port']}")
        self.assertTrue(listener.poll(PATIENCE * 1000))
        session = Session(key=self.info["key"].encode())
        _, frames = session.feed_identities(listener.recv_multipart())
        message = session.deserialize(frames)
        self.assertEqual((message["msg_type"], message["content"]), ("iopub_welcome", {"subscription": ""}))
        listener.close()

    def test_ports_are_bound_to_the_given_address_only(self):
        port = self.info["shell_port"]
        bound = []
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and int(local.split(":")[1], 16) == port:
                bound.append(local.split(":")[0])
        self.assertEqual(bound, ["0100007F"])


class OtherTransports(unittest.TestCase):
    def test_ipc(self):
        with tempfile.TemporaryDirectory() as folder:
            manager = KernelManager(kernel_name="kayton", transport="ipc", ip=os.path.join(folder, "socket"))
            manager.start_kernel()
            client = manager.blocking_client()
            client.start_channels()
            try:
                client.wait_for_ready(timeout=PATIENCE)
                reply = client.execute_interactive("1", timeout=PATIENCE, output_hook=lambda message: None)
                self.assertEqual(reply["content"]["status"], "ok")
                for name in os.listdir(folder):
                    self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) & 0o077, 0, name)
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)


class Encrypted(unittest.TestCase):
    """CurveZMQ: the client's manager makes the keys, because the kernelspec says that the kernel takes them."""

    def test_only_who_has_the_key_is_heard(self):
        manager = KernelManager(kernel_name="kayton", transport_encryption="required")
        manager.start_kernel()
        client = manager.blocking_client()
        client.start_channels()
        try:
            self.assertIn("curve_secretkey", json.loads(pathlib.Path(manager.connection_file).read_text()))
            client.wait_for_ready(timeout=PATIENCE)
            reply = client.execute_interactive("1", timeout=PATIENCE, output_hook=lambda message: None)
            self.assertEqual(reply["content"]["status"], "ok")
            # One without the key, who knows how to sign.
            info = json.loads(pathlib.Path(manager.connection_file).read_text())
            session = Session(key=info["key"].encode())
            plain = zmq.Context.instance().socket(zmq.DEALER)
            plain.linger = 0
            plain.connect(f"tcp://127.0.0.1:{info['shell_port']}")
            plain.send_multipart(session.serialize(session.msg("kernel_info_request")))
            self.assertFalse(plain.poll(1000))
            plain.close()
            self.assertTrue(client.is_alive())
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


class Subshells(KernelCase):
    """Jupyter's JEP 91."""

    def control(self, kind, **content):
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"]

    def execute_in(self, subshell, code, **options):
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
                   "stop_on_error": True, **options}
        message = self.client.session.msg("execute_request", content)
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def order_of_replies(self, count):
        replies = [self.found_first] + [self.client.get_shell_msg(timeout=PATIENCE) for _ in range(count - 1)]
        return [(reply["parent_header"]["msg_id"], reply["content"]["status"]) for reply in replies]

    def test_they_are_made_listed_and_taken_away(self):
        self.assertIn("kernel subshells", self.ask(self.client.kernel_info)["supported_features"])
        first = self.control("create_subshell_request")["subshell_id"]
        second = self.control("create_subshell_request")["subshell_id"]
        self.assertEqual(set(self.control("list_subshell_request")["subshell_id"]), {first, second})
        self.assertEqual(self.control("delete_subshell_request", subshell_id=first)["status"], "ok")
        self.assertEqual(self.control("list_subshell_request")["subshell_id"], [second])
        self.assertEqual(self.control("delete_subshell_request", subshell_id=first)["status"], "error")
        self.wait_for_reply(self.execute_in(second, "in_subshell = 5"))
        self.assertEqual(self.value_of("in_subshell"), "5")
        reply = self.wait_for_reply(self.execute_in(first, "1"))
        self.assertEqual((reply["content"]["status"], reply["parent_header"]["subshell_id"]), ("error", first))
        self.control("delete_subshell_request", subshell_id=second)

    def test_they_take_turns_and_abort_only_their_own(self):
        subshell = self.control("create_subshell_request")["subshell_id"]
        with self.held_cell() as held:
            first = self.wait_until_it_runs(self.client.execute(held + "1 // 0"))
            second = self.client.execute("2")
            other = self.execute_in(subshell, "3")
            last = self.execute_in(subshell, "4")
        found = dict(self.order_of_replies(4))
        self.assertEqual([found[i] for i in (first, second, other, last)], ["error", "aborted", "ok", "ok"])
        with self.held_cell() as held:
            slow = self.wait_until_it_runs(self.client.execute(held))
            queued = [self.client.execute("1") for _ in range(3)]
            quick = self.execute_in(subshell, "5")
        order = [name for name, _ in self.order_of_replies(5)]
        self.assertEqual((order[0], order[-2:]), (slow, queued[1:]))
        self.assertIn(quick, order[1:3])
        self.control("delete_subshell_request", subshell_id=subshell)


class BadStarts(unittest.TestCase):
    def start(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "connection.json")
            if text is not None:
                pathlib.Path(file).write_text(text)
            done = subprocess.run(["kayton-kernel", "-f", file], capture_output=True, text=True, timeout=PATIENCE)
            return done.returncode, done.stderr

    def test_connection_files_that_are_wrong(self):
        ports = {f"{name}_port": 1 + i for i, name in enumerate(("shell", "iopub", "stdin", "control", "hb"))}
        good = {"transport": "tcp", "ip": "127.0.0.1", "key": "k", "signature_scheme": "hmac-sha256", **ports}
        for text, words in ((None, "connection.json"), ("{", "not a JSON object"),
                            (json.dumps({**good, "ip": 3}), "has no `ip`"),
                            (json.dumps({**good, "hb_port": 70000}), "`hb_port`"),
                            (json.dumps({**good, "transport": "pigeon"}), "pigeon"),
                            (json.dumps({**good, "signature_scheme": "hmac-md5"}), "hmac-md5"),
                            (json.dumps({**good, "ip": "192.0.2.7"}), "cannot bind")):
            status, error = self.start(text)
            self.assertEqual(status, 1, error)
            self.assertIn(words, error)

    def test_environment_that_is_gone(self):
        manager = KernelManager(kernel_name="kayton")
        manager.kernel_spec.argv[-1] = "/nonexistent/envs/lost"
        manager.start_kernel()
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=PATIENCE)
            reply = client.execute_interactive("1", timeout=PATIENCE, output_hook=lambda message: None)["content"]
            self.assertEqual(reply["ename"], "EnvironmentError")
            self.assertIn("kik create lost", reply["evalue"])
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)

    def test_kernel_whose_launcher_is_gone_ends(self):
        code = ("from jupyter_client.manager import start_new_kernel\nimport os\n"
                "manager, client = start_new_kernel(kernel_name='kayton')\n"
                "print(manager.provisioner.process.pid, flush=True)\nos._exit(0)\n")
        import sys
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
        pid = int(done.stdout)
        deadline = time.monotonic() + 20
        while pathlib.Path(f"/proc/{pid}/stat").exists() and time.monotonic() < deadline:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return
            time.sleep(0.1)
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())


if __name__ == "__main__":
    unittest.main()
