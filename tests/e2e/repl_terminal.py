#!/usr/bin/env python3
"""kayton repl on a terminal, typed into as a person does: completion, history over sessions, inputs of several lines,
`:type`. The terminal's output is searched without its escape sequences."""

import os
import pty
import re
import select
import sys
import tempfile
import termios
import time

PATIENCE = 60
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\r")
TAB, UP, ALT_ENTER, CTRL_R, CTRL_E, CTRL_D = "\t", "\x1b[A", "\x1b\r", "\x12", "\x05", "\x04"


class Terminal:
    def __init__(self, home):
        self.seen = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            environment = os.environ | {"KAYTON_HOME": home, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80", "LINES": "24"}
            environment.pop("KAYTON_ACTIVE_ENV", None)
            os.execvpe("kayton", ["kayton", "repl"], environment)
        self.wait_for(":help tells more.")
        self.wait_for(">>> ")

    def wait_for(self, text):
        """Forgets what came up to the text."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            try:
                data = os.read(self.descriptor, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                sys.exit(f"FAILED: expected {text!r}, the terminal has {self.seen!r}")
            self.seen = ESCAPES.sub("", self.seen + data.decode("utf-8", "replace"))
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def wait_for_editor(self):
        """Ctrl-R and Ctrl-D mean something else to the terminal itself until the editor reads."""
        end = time.monotonic() + PATIENCE
        while termios.tcgetattr(self.descriptor)[3] & termios.ICANON:
            if time.monotonic() > end:
                sys.exit("FAILED: the editor does not read")
            time.sleep(0.01)

    def enter(self, line, answer, prompt=">>> "):
        self.type(line + "\n")
        self.wait_for("\n" + answer if answer else "\n")
        self.wait_for(prompt)

    def end(self):
        self.wait_for_editor()
        self.type(CTRL_D)
        _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"FAILED: kayton repl ended with {status}")


def session_one(home):
    t = Terminal(home)
    t.enter("words = ['one', 'two']", "")
    # One possible end is written out, several are listed when nothing more is certain.
    t.type("wor" + TAB)
    t.wait_for("words")
    t.type(".app" + TAB)
    t.wait_for("append")
    t.enter("('three')", "")
    t.type("words.re" + TAB)
    t.wait_for("remove")
    t.wait_for("reverse")
    t.wait_for("words.re")
    t.enter("verse()", "")
    t.enter("words", "['three', 'two', 'one']")
    t.type("'é'.isal" + TAB + TAB)
    t.wait_for("isalnum")
    t.enter("pha()", "True")
    # The type of an expression, which is not run.
    t.enter(":type words.pop()", "words.pop(): str")
    t.enter("len(words)", "3")
    t.enter(":type {'a': [1.5]}", "{'a': [1.5]}: dict[str, list[float]]")
    t.enter(":type wrods", "error[E0425]")
    t.enter(":help", ":type EXPRESSION")
    t.enter(":names", "words: list[str]")
    t.enter(":tpye 1", "kayton: there is no command :tpye")
    # Tab indents; the lines of a block are taken back with Up, edited as one text, and are one entry of the history.
    t.enter("def twice(n):", "", "... ")
    t.type(TAB + "return n + 3")
    t.wait_for("return n + 3")
    t.enter("", "", "... ")
    t.type(UP)
    t.wait_for("def twice(n):")
    t.type(UP + CTRL_E + "\x7f" + "0")  # to the end of the line above: "+ 3" becomes "+ 0"
    t.wait_for("0")
    t.enter("", "", "... ")
    t.enter("", "")
    t.enter("twice(21)", "21")
    t.type("def thrice(n):" + ALT_ENTER + "    return 3 * n")
    t.wait_for("return 3 * n")
    t.enter("", "", "... ")
    t.enter("", "")
    t.enter("thrice(14)", "42")
    t.end()


def session_two(home):
    t = Terminal(home)
    # Up brings what the session before was given; Ctrl-R searches it.
    t.type(UP)
    t.wait_for("thrice(14)")
    t.type(UP)
    t.wait_for("return 3 * n")
    t.enter("", "", "... ")
    t.enter("", "")
    t.enter("thrice(5)", "15")
    t.wait_for_editor()
    t.type(CTRL_R + "words = ")
    t.wait_for("['one', 'two']")
    t.enter("", "")
    t.enter("len(words)", "2")
    t.end()


def main():
    with tempfile.TemporaryDirectory(prefix="kayton-repl-") as home:
        session_one(home)
        history = os.path.join(home, "repl_history")
        if os.stat(history).st_mode & 0o077:
            sys.exit("FAILED: the history can be read by others")
        session_two(home)
    print("ok")


main()
