"""The sample notebooks, run by nbclient: every cell gives what is written in the file.

    notebooks_test.py --update    runs them and writes what they give; read it before it is committed
"""

import copy
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import nbformat
from nbclient import NotebookClient

EXAMPLES = pathlib.Path(os.environ["ROOT"], "examples")


def run(notebook):
    fresh = copy.deepcopy(notebook)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(fresh, timeout=120, kernel_name="kayton", allow_errors=False, record_timing=False,
                   resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    return fresh


def outputs(notebook):
    """By cell: what it shows. Colours, counts and times are not compared."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        shown = []
        for output in cell.outputs:
            if output.output_type == "stream":
                if shown and shown[-1][0] == output.name:
                    shown[-1][1] += output.text
                else:
                    shown.append([output.name, output.text])
            elif output.output_type == "error":
                shown.append(["error", output.ename])
            else:
                shown.append([output.output_type, dict(output.data)])
        found.append((cell.source, shown))
    return found


class Notebooks(unittest.TestCase):
    def test_every_sample_gives_what_it_shows(self):
        files = sorted(EXAMPLES.glob("*.ipynb"))
        self.assertGreaterEqual(len(files), 2)
        for file in files:
            with self.subTest(file.name):
                notebook = nbformat.read(file, as_version=4)
                nbformat.validate(notebook)
                self.maxDiff = None
                self.assertEqual(outputs(run(notebook)), outputs(notebook))


class RunAsProgram(unittest.TestCase):
    """kayton run NOTEBOOK.ipynb"""

    def run_cells(self, *sources, arguments=(), text=None):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# not run")] +
                                            [nbformat.v4.new_code_cell(source) for source in sources])
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "book.ipynb")
            pathlib.Path(file).write_text(nbformat.writes(notebook) if text is None else text)
            done = subprocess.run(["kayton", "run", "book.ipynb", *arguments], cwd=folder, capture_output=True, text=True,
                                  timeout=120)
        return done.returncode, done.stdout, done.stderr

    def test_cells_run_one_after_the_other(self):
        ran = self.run_cells("x = 1\nx + 1", "", "x = 'text'\nprint(x)", "%%time\nprint(x * 2)", "%time print(3)",
                             "import sys\nprint(sys.argv[1:])", arguments=["a", "-b"])
        self.assertEqual(ran, (0, "text\ntexttext\n3\n['a', '-b']\n", ""))

    def test_the_first_error_ends_it(self):
        status, output, error = self.run_cells("print('first')", "def f(n):\n    return 1 // n", "f(0)", "print('never')")
        self.assertEqual((status, output), (1, "first\n"))
        self.assertIn('File "book.ipynb cell 2", line 2, in f', error)
        self.assertIn("ZeroDivisionError", error)
        status, output, error = self.run_cells("print('first')", "1 + 'x'")
        self.assertEqual((status, output), (1, "first\n"))
        self.assertIn("book.ipynb cell 2:1", error)
        self.assertEqual(self.run_cells("import sys", "sys.exit(3)", "print('never')")[:2], (3, ""))

    def test_magics(self):
        status, output, error = self.run_cells("%who\nprint(1)", "%undo", "print(2)")
        self.assertEqual((status, output), (1, "1\n"))
        self.assertIn("cell 1: %who is for notebooks", error)
        self.assertIn("%undo only works in a notebook", error)

    def test_magics_among_lines(self):
        status, output, error = self.run_cells("x = 1\n%who\n%time print(x)\n%env HOME\nprint(x + 1)\nx // 0")
        self.assertEqual((status, output), (1, "1\n2\n"))
        self.assertIn("cell 1: %env is for notebooks", error)
        self.assertIn('line 6, in <module>', error)

    def test_what_is_no_notebook(self):
        for text in ("", "[]", "{}", '{"cells": 1}', '{"cells": [1]}'):
            status, _, error = self.run_cells(text=text)
            self.assertEqual(status, 1, error)
            self.assertIn("is not a notebook", error)


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        for path in sorted(EXAMPLES.glob("*.ipynb")):
            nbformat.write(run(nbformat.read(path, as_version=4)), path)
    else:
        unittest.main()
