"""The sample notebooks, run by nbclient: every cell gives what is written in the file.

    notebooks_test.py --update    runs them and writes what they give; read it before it is committed
"""

import copy
import os
import pathlib
import sys
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


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        for path in sorted(EXAMPLES.glob("*.ipynb")):
            nbformat.write(run(nbformat.read(path, as_version=4)), path)
    else:
        unittest.main()
