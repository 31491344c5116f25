#!/usr/bin/env python3
"""Builds what the loader tests load, as kik/sdk/README.md says: an environment folder with the bridge and libstd, the
plugin examples/plugin_hello, one whose entry points panic, and damaged copies.

Usage: build_plugins.py SOURCE_FOLDER OUTPUT_FOLDER
"""

import os
import pathlib
import shutil
import struct
import subprocess
import sys

MAGIC = struct.pack("<I", 0x4B41594E)


def run(*command: str, **extra) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **extra).stdout


def cargo_build(crate: pathlib.Path, rpath: str, target: str, target_folder: pathlib.Path) -> pathlib.Path:
    flags = ["-Cprefer-dynamic", f"-Clink-arg=-Wl,-rpath,{rpath}"]
    environment = dict(os.environ, CARGO_ENCODED_RUSTFLAGS="\x1f".join(flags))
    run("cargo", "build", "--quiet", "--release", "--lib", "--target", target, "--manifest-path", str(crate / "Cargo.toml"),
        "--target-dir", str(target_folder), env=environment)
    return target_folder / target / "release" / f"lib{crate.name}.so"


def record_offset(library: bytes) -> int:
    """Where kayton_plugin_build stands: the magic number followed by an ABI version and a hexadecimal commit."""
    at = library.find(MAGIC)
    while at >= 0:
        commit = library[at + 8:at + 48].rstrip(b"\0")
        if commit and all(c in b"0123456789abcdef" for c in commit):
            return at
        at = library.find(MAGIC, at + 1)
    raise SystemExit("no build record in the plugin")


def main() -> None:
    source, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    target = next(line.split()[1] for line in run("rustc", "-vV").splitlines() if line.startswith("host:"))
    target_folder = out / "target"
    lib = out / "env" / "toolchain" / "lib"
    lib.mkdir(parents=True, exist_ok=True)

    bridge = cargo_build(source / "kik/sdk/kayton_bridge", "$ORIGIN", target, target_folder)
    shutil.copy2(bridge, lib / "libkayton_bridge.so")
    # Debian's toolchain has no shared libstd: then each library holds its own.
    libstd = pathlib.Path(run("rustc", "--print", "target-libdir", "--target", target).strip())
    for file in libstd.glob("libstd-*.so"):
        shutil.copy2(file, lib / file.name)

    def folder(name: str) -> pathlib.Path:
        path = out / "env" / "libs" / name / "0.1.0" / target
        path.mkdir(parents=True, exist_ok=True)
        return path

    origin_to_lib = "$ORIGIN/../../../../toolchain/lib"
    for name, crate in {"plugin_hello": "examples/plugin_hello", "plugin_panics": "tests/e2e/abi/plugin_panics"}.items():
        shutil.copy2(cargo_build(source / crate, origin_to_lib, target, target_folder), folder(name) / "plugin.so")

    good = (folder("plugin_hello") / "plugin.so").read_bytes()
    record = record_offset(good)

    def damaged(name: str, content: bytes) -> None:
        (folder(name) / "plugin.so").write_bytes(content)

    def patched(at: int, replacement: bytes) -> bytes:
        return good[:at] + replacement + good[at + len(replacement):]

    damaged("abi_three", patched(record + 4, struct.pack("<I", 3)))
    damaged("other_rustc", patched(record + 8, b"0123456789abcdef0123456789abcdef01234567"))
    damaged("other_target", patched(record + 8 + 48 + 16, b"riscv64gc-unknown-linux-gnu\0"))
    damaged("bad_magic", patched(record, b"????"))
    for percent in (1, 10, 50, 90, 99):
        damaged(f"truncated_{percent}", good[:len(good) * percent // 100])
    damaged("only_magic", good[:4])
    damaged("empty", b"")
    damaged("text", b"this is no library\n" * 100)
    # The bridge carries a build record but no entry points.
    damaged("no_entry_points", (lib / "libkayton_bridge.so").read_bytes())
    # A shared library that was not made with the SDK.
    foreign = out / "foreign.so"
    run("cc", "-shared", "-x", "c", "-o", str(foreign), "-", input="int answer(void) { return 42; }")
    damaged("foreign", foreign.read_bytes())
    (out / "target_triple").write_text(target)


if __name__ == "__main__":
    main()
