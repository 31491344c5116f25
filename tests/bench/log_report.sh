#!/usr/bin/env bash
# The log report against the same program in Rust: log_report.sh [RUNS]. The aim is a ratio of at most 3.
# Needs an active environment with regex: kik create bench; export KAYTON_ACTIVE_ENV=bench; kik rinstall regex
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
source "$root/tests/bench/ratio.sh"
kayton="${KAYTON:-$root/build/release/bin/kayton}"
target="${TMPDIR:-/tmp}/kayton-bench"
log="$root/examples/access.log"
[[ -f "$log" ]] || "$root/examples/make_log" "$log"
cargo build --release --locked --quiet --manifest-path "$root/tests/e2e/log_report/Cargo.toml" --target-dir "$target"
rust="$target/release/log_report"
cmp <("$kayton" run "$root/examples/log_report.kay" "$log") <("$rust" "$log")
ratio "${1:-11}" "kayton run examples/log_report.kay" "$kayton run $root/examples/log_report.kay $log" \
    "log_report (Rust, release)" "$rust $log"
