#!/usr/bin/env python3
"""Checks that the tree keeps to the design: include arrows, one README a top-level folder, file sizes, file names.

    check.py ROOT            prints every violation and exits 1 if there is one
    check.py --self-test     proves that each rule finds the violation it is there for

Standard library only. The arrows: `shared` includes nothing of ours; `compiler`, `worker` and `kik` include `shared`;
`supervisor` includes `compiler` and `shared`; `kernel` includes `supervisor` (and what that offers in its headers).
Nothing includes `kernel`, `kik` or a program.
"""

import re
import sys
import tempfile
from pathlib import Path

# folder -> folders it may include besides itself
ARROWS = {
    "shared": set(),
    "compiler": {"shared"},
    "worker": {"shared"},
    "supervisor": {"compiler", "shared"},
    "kik": {"shared"},
    "kernel": {"supervisor", "shared"},
}
TOP_FOLDERS = [*ARROWS, "tests", "tools", "examples", "docs"]

SOURCE_SUFFIXES = {".cpp", ".cc", ".h", ".hpp", ".def", ".rs", ".py", ".cmake"}
CPP_SUFFIXES = {".cpp", ".cc", ".h", ".hpp", ".def"}
# Past the first a source is asked to be two, past the second it is refused.
ASKED_LINES = 600
MAX_LINES = 800
# path -> why it may be longer. Keep it empty if at all possible: a long file is two subjects.
LONG_FILES: dict[str, str] = {
    "compiler/syntax/character_names.cpp": "a table, one Unicode character name a line",
}

VAGUE_NAMES = {"util", "utils", "utility", "utilities", "helper", "helpers", "common", "misc", "stuff"}
SKIPPED_FOLDERS = {".git", "build", "target", "vendor", "__pycache__", ".cache", ".kayton"}

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')


def files_of(root: Path):
    """Every file of the tree, generated and fetched folders left out."""
    pending = [root]
    while pending:
        for entry in sorted(pending.pop().iterdir()):
            if entry.is_symlink():
                continue
            if entry.is_dir():
                if entry.name not in SKIPPED_FOLDERS:
                    pending.append(entry)
            else:
                yield entry


def included_folder(root: Path, file: Path, target: str) -> str | None:
    """The top-level folder an #include leads to, or None when it is not ours."""
    first = target.split("/")[0]
    if first in ARROWS and "/" in target:
        return first
    beside = (file.parent / target).resolve()
    if target.startswith(".") or beside.exists():
        try:
            return beside.relative_to(root.resolve()).parts[0]
        except ValueError:
            return None
    return None


def check_includes(root: Path, file: Path, lines: list[str]) -> list[str]:
    relative = file.relative_to(root)
    folder = relative.parts[0]
    if folder not in ARROWS:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = included_folder(root, file, match.group(1))
        if target is None or target == folder:
            if match.group(1).endswith("main.cpp"):
                found.append(f"{relative}:{number}: a program's main.cpp is included; nothing includes a program")
            continue
        if target not in ARROWS[folder]:
            allowed = ", ".join(sorted(ARROWS[folder])) or "nothing of ours"
            found.append(f"{relative}:{number}: `{folder}` may not include `{target}` "
                         f"({match.group(1)}); it may include: {allowed}")
    return found


def check_tree(root: Path) -> list[str]:
    found = []
    for folder in TOP_FOLDERS:
        if not (root / folder / "README.md").is_file():
            found.append(f"{folder}/: README.md is missing (purpose, file map, entry point, who may include it)")
    for name in ("README.md", "LICENSE", "CONTRIBUTING.md"):
        if not (root / name).is_file():
            found.append(f"{name} is missing")
    for file in files_of(root):
        relative = file.relative_to(root)
        for part in relative.parts:
            stem = part.split(".")[0].lower()
            if set(re.split(r"[-_]", stem)) & VAGUE_NAMES:
                found.append(f"{relative}: `{part}` does not name its subject; call it after what it holds")
                break
        if file.suffix not in SOURCE_SUFFIXES:
            continue
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        if len(lines) > MAX_LINES and str(relative) not in LONG_FILES:
            found.append(f"{relative}: {len(lines)} lines; past {MAX_LINES} a source is refused: split it by subject")
        if file.suffix in CPP_SUFFIXES:
            found += check_includes(root, file, lines)
    for name in LONG_FILES:
        path = root / name
        if path.is_file() and len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES:
            found.append(f"tests/architecture/check.py: the exception for {name} is no longer needed")
    return found


def long_sources(root: Path) -> list[str]:
    """What passes, but is on its way to being refused."""
    found = []
    for file in files_of(root):
        if file.suffix in SOURCE_SUFFIXES and str(file.relative_to(root)) not in LONG_FILES:
            lines = len(file.read_text(encoding="utf-8", errors="replace").splitlines())
            if ASKED_LINES < lines <= MAX_LINES:
                found.append(f"note: {file.relative_to(root)}: {lines} lines hold two subjects, mostly: split it")
    return found


def make_sample(root: Path, files: dict[str, str]) -> None:
    """A tree that passes, with `files` written over it."""
    good = {f"{folder}/README.md": "what is here\n" for folder in TOP_FOLDERS}
    good |= {name: "text\n" for name in ("README.md", "LICENSE", "CONTRIBUTING.md")}
    good |= {
        "shared/result.h": "#include <string>\n",
        "compiler/compile.h": '#include "shared/result.h"\n',
        "supervisor/session.h": '#include "compiler/compile.h"\n#include "shared/result.h"\n',
        "kernel/wire.h": '#include "supervisor/session.h"\n',
    }
    for name, text in (good | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# name of the rule -> (files that break it, what the message must say); None: the tree passes
SELF_TESTS: dict[str, tuple[dict[str, str], str | None]] = {
    "a good tree passes": ({}, None),
    "shared includes nothing": ({"shared/a.h": '#include "compiler/compile.h"\n'}, "`shared` may not include `compiler`"),
    "compiler knows no process": ({"compiler/a.cpp": '#include "supervisor/session.h"\n'},
                                  "`compiler` may not include `supervisor`"),
    "worker is alone": ({"worker/a.cpp": '#include "compiler/compile.h"\n'}, "`worker` may not include `compiler`"),
    "angle brackets count": ({"worker/a.cpp": "#  include <supervisor/session.h>\n"},
                             "`worker` may not include `supervisor`"),
    "relative paths count": ({"worker/vm/a.cpp": '#include "../../compiler/compile.h"\n'},
                             "`worker` may not include `compiler`"),
    "nobody includes kik": ({"kik/k.h": "\n", "supervisor/a.cpp": '#include "kik/k.h"\n'},
                            "`supervisor` may not include `kik`"),
    "nobody includes kernel": ({"kik/a.cpp": '#include "kernel/wire.h"\n'}, "`kik` may not include `kernel`"),
    "programs are not included": ({"kik/main.cpp": "\n", "kik/a.cpp": '#include "kik/main.cpp"\n'}, "main.cpp is included"),
    "a folder needs a README": ({"worker/README.md": None}, "worker/: README.md is missing"),
    "long sources": ({"worker/long.cpp": "\n" * (MAX_LINES + 1)}, f"{MAX_LINES + 1} lines"),
    "the limit itself is allowed": ({"worker/long.cpp": "\n" * MAX_LINES}, None),
    "vague file": ({"worker/string_utils.h": "\n"}, "does not name its subject"),
    "vague folder": ({"compiler/common/a.h": "\n"}, "does not name its subject"),
    "words that only contain a vague one": ({"compiler/commonality.h": "\n"}, None),
    "generated folders are skipped": ({"build/release/utils.h": "\n"}, None),
}


def self_test() -> int:
    failures = 0
    for name, (files, expected) in SELF_TESTS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            make_sample(root, {path: text for path, text in files.items() if text is not None})
            for path, text in files.items():
                if text is None:
                    (root / path).unlink()
            found = check_tree(root)
        good = not found if expected is None else len(found) == 1 and expected in found[0]
        print(f"{'ok  ' if good else 'FAIL'} {name}")
        if not good:
            failures += 1
            print(f"     expected {expected!r}, found {found!r}")
    return 1 if failures else 0


def main(arguments: list[str]) -> int:
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    found = check_tree(Path(arguments[0]).resolve())
    for line in found + long_sources(Path(arguments[0]).resolve()):
        print(line)
    print(f"{len(found)} violations" if found else "the tree keeps to the design")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
