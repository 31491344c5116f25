"""Going back: %undo, %checkpoint and %restore."""

import os
import tempfile
import unittest

from kernel_case import KernelCase


class Undo(KernelCase):
    def said(self, code):
        ran = self.run_cell(code)
        self.assertEqual(ran.status, "ok", ran.reply)
        return ran.stream()

    def refused(self, code):
        ran = self.run_cell(code)
        self.assertEqual(ran.status, "error", ran.messages)
        return ran.reply["evalue"]

    def test_every_variable_is_as_before_the_last_cells(self):
        self.run_cell("number = 1\nwords = ['a']")
        self.run_cell("number = 2\nwords.append('b')")
        self.run_cell("number = 'text'\nclass P:\n    def __init__(self):\n        self.v = 1\np = P()\ndef f(): return 1")
        self.assertIn("variables are as before cell", self.said("%undo"))
        self.assertEqual(self.value_of("(number, words)"), "(2, ['a', 'b'])")
        self.assertEqual([self.run_cell(name).status for name in ("p", "P", "f")], ["error"] * 3)
        self.said("%undo 2")  # the question was a cell too
        self.assertEqual(self.value_of("(number, words)"), "(1, ['a'])")
        self.run_cell("class P:\n    def __init__(self):\n        self.w = 'new'\nnumber = P()")
        self.assertEqual(self.value_of("number.w"), "'new'")

    def test_cells_that_did_nothing_do_not_count(self):
        self.run_cell("kept = 1")
        self.run_cell("kept = 2")
        self.run_cell("kept = 1 + 'x'")  # does not compile
        self.run_cell("%who")
        self.run_cell("kept = 3", silent=True)  # a front end's own: it belongs to the cell before
        self.run_cell("None", user_expressions={"e": "kept"})
        self.said("%undo 2")
        self.assertEqual(self.value_of("kept"), "1")

    def test_a_cell_that_raised_can_be_undone(self):
        self.run_cell("part = [1]")
        self.assertEqual(self.run_cell("part.append(2)\n1 // 0").status, "error")
        self.said("%undo")
        self.assertEqual(self.value_of("part"), "[1]")

    def test_five_cells_are_kept(self):
        for i in range(8):
            self.run_cell(f"count = {i}")
        self.assertIn("only the last 5 cells", self.refused("%undo 6"))
        self.said("%undo 5")
        self.assertEqual(self.value_of("count"), "2")
        self.assertIn("how many cells", self.refused("%undo x"))
        self.assertIn("how many cells", self.refused("%undo 0"))

    def test_named_states_can_be_gone_to_in_any_order(self):
        self.run_cell("at = 'one'")
        self.said("%checkpoint one")
        self.run_cell("class Q:\n    def __init__(self):\n        self.n = 7\nat = Q()")
        self.said("%checkpoint two")
        for _ in range(2):
            self.assertIn("as at checkpoint one", self.said("%restore one"))
            self.assertEqual(self.value_of("at"), "'one'")
            self.said("%restore two")
            self.assertEqual(self.value_of("at.n"), "7")
        self.said("%restore one")
        self.said("%undo")
        self.assertEqual(self.value_of("at.n"), "7")
        self.assertEqual(self.said("%checkpoint"), "one\ntwo\n")
        self.assertIn("did you mean two?", self.refused("%restore tow"))

    def test_crashes_and_undo_go_together(self):
        self.run_cell("before = [1]")
        self.run_cell("before.append(2)")
        self.assertEqual(
            self.crash_running_cell("before.append(3)\nprint('begun')\nwhile True:\n    pass")["ename"], "WorkerLost")
        self.assertEqual(self.value_of("before"), "[1, 2]")
        self.said("%undo 2")
        self.assertEqual(self.value_of("before"), "[1]")

    def test_what_stays_is_told(self):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            name = os.path.basename(folder)
            self.run_cell("here = 1")
            self.run_cell(f"with open('{name}/made.txt', 'w') as out:\n    out.write('x')")
            self.assertIn(f"not rolled back: files written since then: {name}/made.txt", self.said("%undo"))

    def test_a_restart_forgets_all_states(self):
        self.run_cell("x = 1")
        self.said("%checkpoint here")
        self.said("%restart")
        self.assertIn("nothing to undo", self.refused("%undo"))
        self.assertIn("there is no checkpoint", self.refused("%restore here"))


class Budget(KernelCase):
    environment = {"KAYTON_UNDO_MEMORY": "60"}  # MiB

    def test_the_oldest_states_go_when_memory_is_full(self):
        self.run_cell("data = [0] * 5_000_000")  # 40 MB
        told = []
        for i in range(4):
            ran = self.run_cell(f"for i in range(len(data)):\n    data[i] = {i}")
            told.append(ran.stream("stderr"))
        self.assertTrue(any("the memory for undo is full: %undo can go back over" in t for t in told), told)
        self.assertRegex(self.run_cell("%undo 4").reply["evalue"], "only the last [12] cells? can be undone")
        self.run_cell("%undo")
        self.assertEqual(self.value_of("(data[0], data[-1])"), "(2, 2)")


if __name__ == "__main__":
    unittest.main()
