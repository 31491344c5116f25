"""Cells through Jupyter's own client: what they print, show, raise and keep."""

import os
import pathlib
import subprocess
import unittest

from kernel_case import KernelCase, children_of


class Cells(KernelCase):
    def test_value_of_the_last_expression(self):
        ran = self.run_cell("x = 41\nx + 1")
        self.assertEqual((ran.status, ran.value), ("ok", "42"))
        self.assertEqual(ran.of("execute_input")[0]["execution_count"], ran.reply["execution_count"])
        self.assertEqual(ran.of("execute_result")[0]["execution_count"], ran.reply["execution_count"])
        self.assertIn("started", ran.metadata)

    def test_none_is_no_value(self):
        self.assertEqual(self.run_cell("None").of("execute_result"), [])

    def test_streams_are_told_apart_and_in_order(self):
        ran = self.run_cell("import sys\nprint('out', end='')\nsys.stderr.write('err')\nprint('put')")
        self.assertEqual((ran.stream("stdout"), ran.stream("stderr")), ("output\n", "err"))

    def test_output_comes_while_the_cell_runs(self):
        ran = self.interrupted_after(2, "print('first', end='')\nwhile True:\n    pass")
        self.assertEqual(ran.stream(), "first")
        self.assertEqual(ran.reply["ename"], "KeyboardInterrupt")

    def test_many_lines_are_few_messages(self):
        ran = self.run_cell("for i in range(100000):\n    print(i)")
        self.assertEqual(ran.stream(), "".join(f"{i}\n" for i in range(100000)))
        self.assertLess(len(ran.of("stream")), 2000)

    def test_compile_error_underlines_and_runs_nothing(self):
        ran = self.run_cell("print('ran')\ny = 1 + 'a'")
        self.assertEqual((ran.status, ran.reply["ename"], ran.stream()), ("error", "CompileError", ""))
        self.assertIn("E0369", ran.reply["evalue"])
        self.assertIn("this is str", ran.traceback)
        self.assertEqual(ran.of("error")[0]["traceback"], ran.reply["traceback"])
        self.assertEqual(self.run_cell("1 +").reply["ename"], "SyntaxError")

    def test_exception_has_the_traceback_of_its_cells(self):
        self.run_cell("def quotient(n):\n    return 10 // n")
        ran = self.run_cell("quotient(0)")
        self.assertEqual((ran.reply["ename"], ran.reply["evalue"]),
                         ("ZeroDivisionError", "integer division or modulo by zero"))
        self.assertIn("return 10 // n", ran.traceback)
        self.assertIn("in <module>", ran.traceback)

    def test_missing_crate_names_the_command(self):
        ran = self.run_cell("rimport no_such_crate")
        self.assertEqual(ran.reply["ename"], "ImportError")
        self.assertIn("kik rinstall no_such_crate", ran.traceback)

    def test_names_stay_and_change_their_type(self):
        self.run_cell("kept = 1")
        self.run_cell("kept = 'text'")
        self.assertEqual(self.value_of("kept.upper()"), "'TEXT'")
        self.assertEqual(self.run_cell("kept = 1 + 'x'").status, "error")
        self.assertEqual(self.value_of("kept"), "'text'")

    def test_deleted_names_are_gone(self):
        self.run_cell("gone = 5\ndef uses_gone():\n    return gone\nasked = [uses_gone]")
        self.assertEqual(self.run_cell("del gone").status, "ok")
        for code in ("gone", "print(gone)", "uses_gone()"):
            ran = self.run_cell(code)
            self.assertEqual((ran.reply["ename"], ran.reply["evalue"]), ("NameError", "name 'gone' is not defined"))
        self.assertEqual(self.run_cell("asked[0]()").reply["ename"], "NameError")
        self.assertNotIn("\ngone: ", "\n" + self.run_cell("%who").stream())
        self.assertEqual(self.run_cell("del gone").reply["ename"], "NameError")
        self.assertEqual(self.value_of("gone = 'text'\ngone.upper()"), "'TEXT'")
        self.assertEqual(self.value_of("uses_gone()"), "'text'")
        self.run_cell("def gone():\n    return 1")
        self.run_cell("import math\nlist = [1]")
        self.assertEqual(self.run_cell("del gone, math, list").status, "ok")
        self.assertEqual(self.run_cell("gone()").reply["ename"], "NameError")
        self.assertEqual(self.run_cell("math.pi").reply["ename"], "NameError")
        self.assertEqual(self.value_of("list((1, 2))"), "[1, 2]")

    def test_a_name_that_may_be_deleted_is_tested_when_it_is_read(self):
        self.run_cell("perhaps = [1]\ndef yes():\n    return len(perhaps) > 0")
        self.run_cell("if yes():\n    del perhaps")
        ran = self.run_cell("print('read', perhaps)")
        self.assertEqual((ran.reply["ename"], ran.stream()), ("NameError", ""))
        self.run_cell("perhaps = [2]")
        self.assertEqual(self.run_cell("del perhaps\n1 // 0").reply["ename"], "ZeroDivisionError")
        self.assertEqual(self.run_cell("perhaps").reply["ename"], "NameError")
        self.run_cell("perhaps = [3]\nzero = 0")
        self.assertEqual(self.run_cell("1 // zero\ndel perhaps").reply["ename"], "ZeroDivisionError")
        self.assertEqual(self.value_of("perhaps"), "[3]")

    def test_undo_brings_deleted_names_back(self):
        self.run_cell("back = [1, 2]")
        self.run_cell("del back")
        self.run_cell("%undo")
        self.assertEqual(self.value_of("back"), "[1, 2]")

    def test_stale_cells_are_named(self):
        defined = self.run_cell("def rate():\n    return 2\nbase = 1").reply["execution_count"]
        used = self.run_cell("def cost(n):\n    return n * rate() + base\ncost(3)").reply["execution_count"]
        called = self.run_cell("price = cost(10)").reply["execution_count"]
        self.assertEqual(self.run_cell("def rate():\n    return 2\nbase = 1").stream("stderr"), "")
        ran = self.run_cell("def rate():\n    return 2.5")
        self.assertEqual(ran.stream("stderr"),
                         f"note: cell {used} is stale: it used `rate`, which this cell has changed\n"
                         f"note: cell {called} is stale: it used `rate`, which this cell has changed\n")
        self.assertEqual(self.value_of("cost(10)"), "26.0")  # it is made anew, with what there is now
        changed = ran.reply["execution_count"]
        self.assertIn(f"cell {called} used `rate`, which cell {changed} has changed\n", self.run_cell("%stale").stream())
        self.run_cell("price = cost(10)")
        self.assertNotIn(f"cell {called} ", self.run_cell("%stale").stream())
        self.assertEqual(self.run_cell("base = 1.5").stream("stderr"), "")  # on its way, a variable may change its type
        self.assertIn(f"cell {used} used `base`", self.run_cell("%stale").stream())
        self.assertLess(defined, used)

    def test_rich_values(self):
        ran = self.run_cell(
            "class Red:\n"
            "    def __init__(self):\n        self.n = 1\n"
            "    def __repr__(self):\n        return 'Red()'\n"
            "    def _repr_html_(self):\n        return '<b>red</b>'\n"
            "    def _repr_png_(self):\n        return b'\\x89PNG'\n"
            "    def _repr_json_(self):\n        return '{\"n\": 1}'\n"
            "red = Red()\nred")
        self.assertEqual(ran.of("execute_result")[0]["data"],
                         {"text/plain": "Red()", "text/html": "<b>red</b>", "image/png": "iVBORw==",
                          "application/json": {"n": 1}})
        ran = self.run_cell("display(red, 7, display_id='one')")
        self.assertEqual([c["data"]["text/plain"] for c in ran.of("display_data")], ["Red()", "7"])
        self.assertEqual(ran.of("display_data")[0]["transient"], {"display_id": "one"})
        ran = self.run_cell("update_display('new', display_id='one')")
        self.assertEqual(ran.of("update_display_data")[0]["data"], {"text/plain": "'new'"})
        self.assertEqual(self.run_cell("clear_output(wait=True)").of("clear_output"), [{"wait": True}])

    def test_long_containers_are_laid_out_and_cut(self):
        value = self.value_of("list(range(100))")
        self.assertEqual(value, "[" + ",\n ".join(map(str, range(100))) + "]")
        value = self.value_of("list(range(5000))")
        self.assertEqual(value, "[" + ",\n ".join(map(str, range(1000))) + ",\n ...]")
        self.assertEqual(self.value_of("{i: 'v' * 30 for i in range(3)}"),
                         "{0: 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv',\n 1: 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv',\n"
                         " 2: 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv'}")
        self.assertEqual(self.value_of("{'long': list(range(40)), 'short': [1, 2]}"),
                         "{'long': [" + ",\n  ".join(map(str, range(40))).replace("\n  ", "\n          ") + "],\n"
                         " 'short': [1, 2]}")
        self.assertEqual(self.value_of("['a, [b', \"it's\", '(' * 70]"),
                         "['a, [b',\n \"it's\",\n '" + "(" * 70 + "']")
        # repr() and what a class makes of its own containers is whole
        ran = self.run_cell("xs = list(range(5000))\nprint(len(repr(xs)))\nxs\n")
        self.assertEqual(ran.stream(), f"{len(repr(list(range(5000))))}\n")
        self.run_cell("class Whole:\n    def __init__(self, xs):\n        self.xs = xs\n"
                      "    def __repr__(self):\n        return 'W' + repr(self.xs)\n")
        self.assertEqual(self.value_of("[Whole([7] * 1500)]").count("7"), 1500)

    def test_progress_shows_how_far_a_loop_is(self):
        ran = self.run_cell("total = 0\nfor i in progress(range(1000), description='sum'):\n    total += i\ntotal")
        self.assertEqual(ran.value, "499500")
        pictures = ran.stream("stderr").split("\r")
        self.assertRegex(pictures[1], r"^sum:   0% ░{30} 0/1000 \[00:00<\?, \?/s\]$")
        self.assertRegex(pictures[-1], r"^sum: 100% █{30} 1000/1000 \[.*/s\]\n$")
        ran = self.run_cell("def gen():\n    yield 1\n    yield 2\nfor i in progress(gen()):\n    print(i)")
        self.assertEqual(ran.stream(), "1\n2\n")
        self.assertRegex(ran.stream("stderr"), r"\r2 \[00:00, .*/s\]\n$")

    def test_ipythons_names_for_what_is_shown(self):
        self.run_cell("from IPython.display import HTML, Markdown, Latex, SVG, Image, JSON")
        shown = {"HTML('<b>')": ("text/html", "<b>"), "Markdown('*a*')": ("text/markdown", "*a*"),
                 "Latex('$x$')": ("text/latex", "$x$"), "SVG('<svg/>')": ("image/svg+xml", "<svg/>"),
                 "Image(b'\\x89PNG')": ("image/png", "iVBORw=="), "Image(b'jpeg')": ("image/jpeg", "anBlZw=="),
                 "JSON({'a': [1]})": ("application/json", {"a": [1]})}
        for code, (mime, data) in shown.items():
            ran = self.run_cell(code)
            self.assertEqual(ran.status, "ok", ran.reply)
            found = dict(ran.of("execute_result")[0]["data"])
            self.assertIn("IPython.core.display", found.pop("text/plain"))
            self.assertEqual(found, {mime: data}, code)

    def test_large_display_comes_whole(self):
        ran = self.run_cell("'ä' * 3000000")
        self.assertEqual(ran.value, "'" + "ä" * 3000000 + "'")

    def test_user_expressions(self):
        ran = self.run_cell("base = 20", user_expressions={"good": "base * 2", "bad": "1 // 0", "wrong": "base +"})
        answers = ran.reply["user_expressions"]
        self.assertEqual(answers["good"], {"status": "ok", "data": {"text/plain": "40"}, "metadata": {}})
        self.assertEqual((answers["bad"]["status"], answers["bad"]["ename"]), ("error", "ZeroDivisionError"))
        self.assertEqual(answers["wrong"]["ename"], "SyntaxError")

    def test_silent_cells_leave_no_trace(self):
        before = self.run_cell("None").reply["execution_count"]
        ran = self.run_cell("print('heard')\n5", silent=True)
        self.assertEqual({kind for kind, _ in ran.messages}, {"status"})
        self.assertEqual(self.run_cell("6", store_history=False).value, "6")
        self.assertEqual(self.run_cell("None").reply["execution_count"], before + 1)

    def test_input_asks_the_client(self):
        ran = self.run_cell("name = input('Who? ')\nname * 2", stdin="ab")
        self.assertEqual((ran.value, self.prompts, ran.stream()), ("'abab'", ["Who? "], ""))
        ran = self.run_cell("input()")
        self.assertEqual(ran.reply["ename"], "EOFError")

    def test_exit_asks_the_client_to_leave(self):
        ran = self.run_cell("exit()")
        self.assertEqual((ran.status, ran.reply["payload"][0]["source"]), ("ok", "ask_exit"))
        self.assertEqual(self.run_cell("import sys\nsys.exit(3)").reply["evalue"], "3")

    def test_cells_after_a_failed_one_are_aborted(self):
        with self.held_cell() as held:
            first = self.client.execute(held + "1 // 0")
            second = self.client.execute("print('never')")
            third = self.client.execute("print('never')", stop_on_error=False)
        replies = {}
        for message in [self.found_first] + [self.client.get_shell_msg(timeout=60) for _ in range(2)]:
            replies[message["parent_header"]["msg_id"]] = message["content"]["status"]
        self.assertEqual([replies[i] for i in (first, second, third)], ["error", "aborted", "aborted"])
        self.client.execute("1 // 0", stop_on_error=False)
        self.assertEqual(self.ask(self.client.execute, "2")["status"], "ok")

    def test_questions_are_answered_while_a_cell_runs(self):
        self.run_cell("completed_name = 1")
        running = self.client.execute("while True:\n    pass")
        self.client.get_iopub_msg(timeout=60)
        self.assertEqual(self.ask(self.client.complete, "completed_")["matches"], ["completed_name"])
        self.assertTrue(self.ask(self.client.inspect, "completed_name")["found"])
        self.assertEqual(self.ask(self.client.is_complete, "1")["status"], "complete")
        self.manager.interrupt_kernel()
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"]["msg_id"] == running:
                break
        self.assertEqual(message["content"]["ename"], "KeyboardInterrupt")

    def test_interrupted_loop_keeps_the_names(self):
        self.run_cell("before = 5")
        self.assertEqual(self.interrupted_after(0.5, "while True:\n    pass").reply["ename"], "KeyboardInterrupt")
        self.assertEqual(self.value_of("before"), "5")

    def test_whether_a_text_is_complete(self):
        def asked(code):
            answer = self.ask(self.client.is_complete, code)
            return answer["status"], answer.get("indent")
        self.assertEqual(asked("x = 1"), ("complete", None))
        self.assertEqual(asked("for i in [1]:"), ("incomplete", "    "))
        self.assertEqual(asked("def f():\n    try:\n        print()\n"), ("incomplete", "        "))
        self.assertEqual(asked("f(:"), ("invalid", None))

    def test_history_finds_what_was_executed(self):
        self.run_cell("'needle one'")
        self.run_cell("'needle two'")
        tail = self.ask(self.client.history, hist_access_type="tail", n=2, output=True)["history"]
        self.assertEqual([entry[2] for entry in tail],
                         [["'needle one'", "'needle one'"], ["'needle two'", "'needle two'"]])
        found = self.ask(self.client.history, hist_access_type="search", pattern="*needle o*")["history"]
        self.assertEqual(found[-1][2], "'needle one'")
        session, line = tail[0][:2]
        ranged = self.ask(self.client.history, hist_access_type="range", session=0, start=line, stop=line + 1)
        self.assertEqual(ranged["history"], [[session, line, "'needle one'"]])


class Lifetime(KernelCase):
    def test_restart_begins_anew(self):
        self.run_cell("gone = 1")
        self.manager.restart_kernel()
        self.client.wait_for_ready(timeout=60)
        self.assertEqual(self.run_cell("gone").status, "error")
        self.assertEqual(self.value_of("6 * 7"), "42")
        history = self.ask(self.client.history, hist_access_type="search", pattern="gone = 1")["history"]
        self.assertIn("gone = 1", [entry[2] for entry in history])

    def test_shutdown_ends_the_process_and_its_worker(self):
        pid = self.manager.provisioner.process.pid
        self.value_of("1")
        workers = [worker for worker, _ in children_of(pid)]
        self.assertEqual(len(workers), 1)
        self.client.shutdown()
        self.manager.provisioner.process.wait(timeout=20)
        self.assertFalse(pathlib.Path(f"/proc/{workers[0]}").exists())
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)


class Kernelspecs(unittest.TestCase):
    def test_installed_kernels_are_listed_and_removed(self):
        kik = ["kik", "kernel"]
        prefix = os.path.join(os.environ["KERNEL_BUILD"], "venv")
        environment = {**os.environ, "JUPYTER_PATH": f"{prefix}/share/jupyter", "VIRTUAL_ENV": prefix}

        def run(*words, status=0):
            done = subprocess.run([*kik, *words], env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, status, done.stderr)
            return done.stdout + done.stderr
        run("install", "--sys-prefix", "-n", "kayton-other", "--display-name", "Other")
        self.assertIn("kayton-other", run("list"))
        files = sorted(os.listdir(f"{prefix}/share/jupyter/kernels/kayton-other"))
        self.assertEqual(files, ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"])
        self.assertIn("Did you mean `kayton-other`", run("uninstall", "kayton-othr", status=1))
        run("uninstall", "kayton-other")
        self.assertNotIn("kayton-other", run("list"))
        self.assertIn("cannot be the name", run("install", "-n", "a/b", status=1))


if __name__ == "__main__":
    unittest.main()
