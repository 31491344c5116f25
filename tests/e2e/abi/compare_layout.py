#!/usr/bin/env python3
"""Compares what the C header and the Rust crate say of the plugin ABI: two programs that print it, line by line."""

import subprocess
import sys


def main() -> int:
    cpp_program, cargo_manifest, target_folder = sys.argv[1:]
    cpp = subprocess.run([cpp_program], check=True, capture_output=True, text=True).stdout.splitlines()
    rust = subprocess.run(
        ["cargo", "run", "--quiet", "--manifest-path", cargo_manifest, "--target-dir", target_folder, "--example", "print_layout"],
        check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    if len(cpp) < 130:
        print(f"the C++ side printed only {len(cpp)} lines")
        return 1
    differences = sorted(set(cpp) ^ set(rust))
    for line in differences:
        print(("C    " if line in cpp else "Rust ") + line)
    if not differences:
        print(f"{len(cpp)} sizes, offsets and values are equal")
    return 1 if differences or len(cpp) != len(rust) else 0


if __name__ == "__main__":
    sys.exit(main())
