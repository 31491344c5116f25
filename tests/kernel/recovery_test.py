"""Cells that end their worker, and magics."""

import unittest

from kernel_case import KernelCase


class Recovery(KernelCase):
    def test_variables_are_as_before_the_cell_that_killed_its_worker(self):
        self.run_cell("kept = [1, 2, 3]\ntext = 'as it was'")
        ran = self.run_cell("kept.append(4)\ntext = 'changed'\nimport os\nfresh = 1\n"
                            "def deep(n: int) -> int:\n    return deep(n + 1) + 1\n")
        self.assertEqual(ran.status, "ok", ran.reply)
        reply = self.crash_running_cell("kept.append(5)\nprint('begun')\nwhile True:\n    pass")
        self.assertEqual((reply["status"], reply["ename"]), ("error", "WorkerLost"))
        self.assertIn("SIGSEGV", reply["evalue"])
        self.assertEqual(self.value_of("kept"), "[1, 2, 3, 4]")
        self.assertEqual(self.value_of("text"), "'changed'")


class Magics(KernelCase):
    def said(self, code):
        ran = self.run_cell(code)
        self.assertEqual(ran.status, "ok", ran.reply)
        return ran.stream()

    def test_who_knows_names_and_types(self):
        self.run_cell("number = 1\nwords = ['a']")
        self.assertIn("number: int\n", self.said("%who"))
        self.assertIn("words: list[str]\n", self.said("%who"))

    def test_time(self):
        ran = self.run_cell("%time 6 * 7")
        self.assertEqual(ran.value, "42")
        self.assertIn("Wall time: ", ran.stream())
        ran = self.run_cell("%%time\na = 1\na + 1")
        self.assertEqual((ran.value, self.run_cell("a").value), ("2", "1"))
        self.assertEqual(self.run_cell("%time 1 // 0").reply["ename"], "ZeroDivisionError")

    def test_timeit(self):
        self.run_cell("n = 3")
        self.assertRegex(self.said("%timeit n * n"), r"^[0-9.]+ (ns|µs|ms) per loop \(median of 5 runs")
        self.assertEqual(self.run_cell("%timeit").reply["ename"], "UsageError")

    def test_environment_and_permissions(self):
        self.assertIn("environment  base", self.said("%env"))
        self.assertIn("read and write", self.said("%permissions"))
        self.assertIn("run programs    off\n", self.said("%permissions"))
        self.assertIn("%timeit", self.said("%lsmagic"))

    def test_unknown_magic_names_the_nearest(self):
        self.assertIn("did you mean %time?", self.run_cell("%tine 1").reply["evalue"])
        self.assertIn("%lsmagic", self.run_cell("%zzzzzz").reply["evalue"])

    def test_kik_runs_and_fails_as_itself(self):
        self.assertIn("environment", self.said("%kik list"))
        ran = self.run_cell("%kik path no_such_crate")
        self.assertEqual(ran.reply["ename"], "KikError")
        self.assertIn("is not installed", ran.stream())

    def test_question_shows_what_a_name_is(self):
        self.run_cell("def area(width: int, height: int = 2) -> int:\n    'The area of it.'\n    return width * height")
        page = self.run_cell("area?").reply["payload"][0]
        self.assertEqual(page["source"], "page")
        self.assertIn("area(width: int, height: int = 2) -> int\n\nThe area of it.", page["data"]["text/plain"])
        self.assertEqual(self.run_cell("unheard_of?").reply["ename"], "NameError")
        self.assertNotIn("return width", page["data"]["text/plain"])
        for question in ("area??", "??area"):
            page = self.run_cell(question).reply["payload"][0]
            self.assertIn("\n\ndef area(width: int, height: int = 2) -> int:\n", page["data"]["text/plain"])
            self.assertIn("    return width * height", page["data"]["text/plain"])
        self.assertEqual(self.run_cell("abs??").reply["payload"][0]["source"], "page")

    def test_magics_stand_among_lines_of_the_program(self):
        ran = self.run_cell("among = 1\n%who\n%time among + 1\nmore = '''\n%who\n'''\nmore")
        self.assertEqual((ran.status, ran.of("execute_result")[-1]["data"]["text/plain"]), ("ok", r"'\n%who\n'"))
        self.assertIn("among: int\n", ran.stream())
        ran = self.run_cell("among = 2\n%who\n\n1 // 0\n%time 1")
        self.assertIn("line 4, in <module>", ran.traceback)
        self.assertEqual(self.run_cell("%tine\namong = 3").reply["ename"], "UsageError")
        self.assertEqual(self.run_cell("among").value, "2")

    def test_env_shows_and_sets_variables_of_the_program(self):
        self.run_cell("%env KAYTON_TEST_NAME=a 'quoted' value")
        self.assertEqual(self.said("%env KAYTON_TEST_NAME"), "a 'quoted' value\n")
        self.assertEqual(self.run_cell("import os\nos.environ['KAYTON_TEST_NAME']").value, "\"a 'quoted' value\"")
        self.assertEqual(self.run_cell("%env KAYTON_NO_SUCH").reply["ename"], "KeyError")

    def test_restart_forgets(self):
        self.run_cell("forgotten = 1")
        self.said("%restart")
        self.assertEqual(self.run_cell("forgotten").status, "error")


class Questions(KernelCase):
    def matches(self, text):
        return self.ask(self.client.complete, text)["matches"]

    def test_members(self):
        self.run_cell("import math\nimport statistics\n"
                      "class Point:\n    def __init__(self, x: int):\n        self.x = x\n"
                      "    def moved(self, by: int) -> int:\n        'Where it would be.'\n        return self.x + by\n"
                      "point = Point(3)\nrows = [['a']]")
        self.assertEqual(self.matches("point."), ["point.moved", "point.x"])
        self.assertEqual(self.matches("math.sq"), ["math.sqrt"])
        self.assertIn("statistics.mean", self.matches("statistics.m"))
        self.assertIn("rows[0][0].upper", self.matches("x = rows[0][0].up"))
        self.assertEqual(self.matches("'a.b'.isalp"), ["'a.b'.isalpha"])
        self.assertEqual(self.matches("nothing.here"), [])
        self.assertIn("point", self.matches("poi"))
        answer = self.ask(self.client.complete, "é = point.mo")
        self.assertEqual((answer["cursor_start"], answer["cursor_end"]), (4, 12))

    def test_inspection(self):
        self.run_cell("class Point:\n    def __init__(self, x: int):\n        self.x = x\n"
                      "    def moved(self, by: int) -> int:\n        'Where it would be.'\n        return self.x + by\n"
                      "point = Point(3)")

        def text(code):
            return self.ask(self.client.inspect, code)["data"].get("text/plain", "")
        self.assertIn("moved(by: int) -> int\n\nWhere it would be.", text("point.moved"))
        self.assertIn("print(*values", text("print("))
        self.assertIn("point: Point", text("point"))
        self.assertIn("split(sep: str", text("'a'.split"))

    def test_questions_leave_the_session_alone(self):
        self.run_cell("value = 1")
        for code in ("value.", "valu", "(value + 'x').", "undefined.", "[v for v in [1]].", "def f(:.x", "''."):
            self.matches(code)
        self.assertEqual(self.value_of("value"), "1")


if __name__ == "__main__":
    unittest.main()
