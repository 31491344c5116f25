"""Other programs of Jupyter with Kayton's package: papermill, nbconvert, Pygments."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import nbformat
import papermill
from nbconvert import HTMLExporter, ScriptExporter
from pygments import lexers, token

PREFIX = pathlib.Path(os.environ["KERNEL_BUILD"], "venv")


def notebook(*sources, tags=()):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = list(tags)
    return nbformat.v4.new_notebook(cells=cells, metadata={
        "kernelspec": {"name": "kayton", "display_name": "Kayton", "language": "kayton"},
        "language_info": {"name": "kayton", "pygments_lexer": "kayton", "file_extension": ".kay"}})


class Papermill(unittest.TestCase):
    def run_with(self, parameters):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "in.ipynb")
            nbformat.write(notebook("count = 1\nname = 'nobody'\nrates = [0.5]", "print(name, count * 2, rates)", tags=["parameters"]), source)
            return papermill.execute_notebook(source, os.path.join(folder, "out.ipynb"), parameters, progress_bar=False,
                                              execution_timeout=120)

    def test_parameters_take_the_place_of_defaults(self):
        result = self.run_with({"count": 21, "name": "it's \"me\"", "rates": [1.5, 2.0]})
        self.assertEqual(result.cells[-1].outputs[0].text, "it's \"me\" 42 [1.5, 2.0]\n")
        injected = [cell for cell in result.cells if "injected-parameters" in cell.metadata.get("tags", [])]
        self.assertEqual(len(injected), 1)
        self.assertEqual(self.run_with({}).cells[-1].outputs[0].text, "nobody 2 [0.5]\n")

    def test_a_failing_cell_fails_the_run(self):
        with self.assertRaises(papermill.PapermillExecutionError) as raised:
            self.run_with({"count": {"not": "a number"}})
        self.assertIn("unsupported operand", str(raised.exception))


class Nbconvert(unittest.TestCase):
    def test_cells_are_coloured_and_exported(self):
        book = notebook("rimport regex\nx = 1")
        html, _ = HTMLExporter().from_notebook_node(book)
        self.assertIn('<span class="kn">rimport</span>', html)
        script, resources = ScriptExporter().from_notebook_node(book)
        self.assertEqual(resources["output_extension"], ".kay")
        self.assertIn("rimport regex\nx = 1", script)

    def test_executing_while_converting(self):
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(notebook("6 * 7"), os.path.join(folder, "in.ipynb"))
            subprocess.run([sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "out.ipynb",
                            "in.ipynb"], cwd=folder, check=True, capture_output=True, timeout=200)
            done = nbformat.read(os.path.join(folder, "out.ipynb"), as_version=4)
        self.assertEqual(done.cells[0].outputs[0].data["text/plain"], "42")
        self.assertEqual(done.metadata.language_info.name, "kayton")


class Lexer(unittest.TestCase):
    def test_what_kayton_has_besides_python(self):
        lexer = lexers.get_lexer_by_name("kayton")
        found = [(kind, text) for kind, text in lexer.get_tokens("rimport regex\nfrom a rimport b\ndef f(): return display(1)\n")
                 if text.strip()]
        self.assertIn((token.Keyword.Namespace, "rimport"), found)
        self.assertIn((token.Name.Namespace, "regex"), found)
        self.assertIn((token.Name.Function, "f"), found)
        self.assertIn((token.Name.Builtin, "display"), found)
        self.assertEqual([text for kind, text in found if kind is token.Error], [])
        self.assertEqual(type(lexers.get_lexer_for_filename("a.kay")).__name__, "KaytonLexer")

    def test_the_package_brings_a_kernelspec(self):
        # kik's, installed into the same place, has replaced kernel.json; the mode is the package's alone.
        self.assertTrue((PREFIX / "share/jupyter/kernels/kayton/kernel.js").exists())


if __name__ == "__main__":
    unittest.main()
