#!/usr/bin/env bash
# Hello world, worker and sandbox included, against CPython: hello.sh [RUNS]. The aim is a ratio of at most 2.5.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
source "$root/tests/bench/ratio.sh"
kayton="${KAYTON:-$root/build/release/bin/kayton}"
# Debian's interpreter, where it is there: version managers put slow start-up scripts before theirs.
python="$(command -v /usr/bin/python3 || command -v python3)"
ratio "${1:-41}" "kayton run examples/hello.kay" "$kayton run $root/examples/hello.kay" \
    "python3 -c 'print(\"hello\")'" "$python -c 'print(\"hello\")'"
