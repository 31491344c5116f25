"""A Pygments lexer for Kayton: Python's, and what Kayton has besides."""

from pygments.lexer import bygroups, inherit
from pygments.lexers.python import PythonLexer
from pygments.token import Keyword, Name, Text


class KaytonLexer(PythonLexer):
    name = "Kayton"
    url = ""
    aliases = ["kayton"]
    filenames = ["*.kay"]
    mimetypes = ["text/x-kayton"]

    tokens = {
        "root": [
            # rimport regex, serde_json as json
            (r"(rimport)(\s+)([\w.]+)", bygroups(Keyword.Namespace, Text, Name.Namespace)),
            # from regex rimport Regex
            (r"(from)(\s+)([\w.]+)(\s+)(rimport)\b",
             bygroups(Keyword.Namespace, Text, Name.Namespace, Text, Keyword.Namespace)),
            (r"(fn)(\s+)([^\W\d]\w*)(?=\s*\()", bygroups(Keyword, Text, Name.Function)),
            # magics at the beginning of a cell
            (r"\A%%?\w+", Name.Decorator),
            inherit,
        ],
        "builtins": [
            (r"(?<!\.)\b(display|update_display|clear_output|progress)\b", Name.Builtin),
            inherit,
        ],
    }

    def analyse_text(text):
        return 0.9 if "\nrimport " in "\n" + text else 0
