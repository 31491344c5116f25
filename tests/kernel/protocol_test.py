"""Jupyter's own conformance tests for kernels, all of them."""

import unittest

import jupyter_kernel_test


class KaytonTests(jupyter_kernel_test.KernelTests):
    kernel_name = "kayton"
    language_name = "kayton"
    file_extension = ".kay"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys\nprint('test', file=sys.stderr)"
    completion_samples = [{"text": "pri", "matches": {"print"}}, {"text": "'x'.upp", "matches": {"'x'.upper"}}]
    complete_code_samples = ["1", "print('hello')", "def f(x):\n  return x*2\n\n\n"]
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2", "f(1,"]
    invalid_code_samples = ["import = 7q", "f)"]
    code_page_something = "print?"
    code_generate_error = "raise ValueError('wrong')"
    code_execute_result = [{"code": "6*7", "result": "42"}, {"code": "'a' + 'b'", "result": "'ab'"}]
    code_display_data = [
        {"code": "class Bold:\n    def __init__(self):\n        self.n = 1\n"
                 "    def _repr_html_(self):\n        return '<b>'\ndisplay(Bold())", "mime": "text/html"},
    ]
    code_history_pattern = "6?7*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "print"
    code_clear_output = "clear_output()"


class EveryTestRuns(unittest.TestCase):
    def test_nothing_is_skipped(self):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(KaytonTests).run(result)
        self.assertEqual(([], [], []), (result.skipped, result.failures, result.errors))
        self.assertGreaterEqual(result.testsRun, 12)


def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase(EveryTestRuns)  # it runs the others
