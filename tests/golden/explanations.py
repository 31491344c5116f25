#!/usr/bin/env python3
"""Checks the page of every diagnostic: `kayton explain CODE` shows it, its first example has exactly that error and no
other, and its second compiles clean.

    explanations.py --kayton PROGRAM DIAGNOSTICS.DEF PAGES
    explanations.py --self-test
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FENCE = re.compile(r"^```kayton( latin-1)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("KAYTON_")} | {
    "KAYTON_HOME": "/nonexistent/kayton"}


def codes_found(kayton: str, folder: str, text: str, encoding: str) -> tuple[int, list[str]]:
    program = Path(folder) / "example.kay"
    program.write_bytes(text.encode(encoding))
    completed = subprocess.run([kayton, "check", "--json", str(program)], capture_output=True, env=ENVIRONMENT, timeout=60)
    return completed.returncode, [found["code"] for found in json.loads(completed.stdout)]


def check_page(kayton: str, code: str, pages: Path, folder: str) -> str:
    """What is wrong with the page; empty when nothing is."""
    page = pages / f"{code}.md"
    if not page.is_file():
        return f"there is no page {page.name}"
    text = page.read_text(encoding="utf-8")
    if not text.startswith(f"# {code}: "):
        return "the page does not begin with its code"
    examples = FENCE.findall(text)
    if len(examples) != 2:
        return f"expected an example that fails and one that is right, found {len(examples)}"
    status, codes = codes_found(kayton, folder, examples[0][1], "latin-1" if examples[0][0] else "utf-8")
    if status != 1 or not codes or set(codes) != {code}:
        return f"the first example ends with status {status} and has {codes}"
    status, codes = codes_found(kayton, folder, examples[1][1], "utf-8")
    if status != 0 or codes:
        return f"the second example ends with status {status} and has {codes}"
    shown = subprocess.run([kayton, "explain", code], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    if shown.returncode != 0 or shown.stdout != text:
        return "`kayton explain` does not show the page"
    return ""


def registered(registry: Path) -> list[str]:
    return re.findall(r'^KT_DIAGNOSTIC\(\w+, "(\w+)"', registry.read_text(encoding="utf-8"), re.MULTILINE)


def check_list(kayton: str, codes: list[str]) -> str:
    shown = subprocess.run([kayton, "explain"], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    listed = [line.split()[0] for line in shown.stdout.splitlines()]
    return "" if shown.returncode == 0 and listed == sorted(codes) else f"`kayton explain` lists {listed}"


def check_all(kayton: str, registry: Path, pages: Path) -> int:
    codes = registered(registry)
    wrong = {}
    with tempfile.TemporaryDirectory(prefix="kayton-explanations-") as folder:
        for code in codes:
            wrong[code] = check_page(kayton, code, pages, folder)
    wrong["the list"] = check_list(kayton, codes)
    for page in pages.glob("*.md"):
        if page.stem not in codes:
            wrong[page.name] = "no such code is registered"
    for name, found in wrong.items():
        if found:
            print(f"FAIL {name}: {found}")
    failures = sum(1 for found in wrong.values() if found)
    print(f"{len(wrong) - failures} of {len(wrong)} pages and lists are right")
    return 1 if failures or not codes else 0


def self_test() -> int:
    """A stand-in that finds E0001 wherever `wrong` stands."""
    good = "# E0001: x\n```kayton\nwrong\n```\n```kayton\nright\n```\n"
    samples = {
        "good": (good, True),
        "no failing example": (good.replace("wrong", "right"), False),
        "the corrected one fails": (good.replace("right", "wrong"), False),
        "one example": (good.replace("```kayton\nright\n```\n", ""), False),
        "another code's page": (good.replace("E0001", "E0002"), False),
    }
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder)
        stand_in = pages / "kayton"
        stand_in.write_text(f"""#!{sys.executable}
import json, sys
if sys.argv[1] == "explain":
    sys.stdout.write(open({str(pages / "E0001.md")!r}).read())
else:
    found = [{{"code": "E0001"}}] if "wrong" in open(sys.argv[3]).read() else []
    print(json.dumps(found))
    sys.exit(1 if found else 0)
""", encoding="utf-8")
        stand_in.chmod(0o755)
        for name, (text, right) in samples.items():
            (pages / "E0001.md").write_text(text, encoding="utf-8")
            passed = (check_page(str(stand_in), "E0001", pages, folder) == "") == right
            failures += not passed
            print(f"{'ok  ' if passed else 'FAIL'} {name}")
    return 1 if failures else 0


def main(arguments: list[str]) -> int:
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 4 or arguments[0] != "--kayton":
        print(__doc__, file=sys.stderr)
        return 2
    return check_all(os.path.abspath(arguments[1]), Path(arguments[2]), Path(arguments[3]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
