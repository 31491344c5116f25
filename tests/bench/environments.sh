#!/usr/bin/env bash
# What kik's everyday commands cost, each the median of N runs, and uv's nearest where there is one.
#   tests/bench/environments.sh [N]       KIK=/path/to/kik measures another build
# Aims: list 5 ms; create 20 ms, 300 ms with the toolchain's libraries; a second environment's rinstall 50 ms; a sync with
# nothing to do 20 ms. Needs strsim in the registry's reach; regex is built once.
set -euo pipefail
runs="${1:-7}"
kik="${KIK:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/release/bin/kik}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export KAYTON_HOME="$work/home" KAYTON_ACTIVE_ENV=first NO_COLOR=1
cd "$work"

# median LABEL PREPARE COMMAND…: PREPARE is run before each, untimed.
median() {
    local label="$1" prepare="$2" start times=()
    shift 2
    for _ in $(seq "$runs"); do
        eval "$prepare" >/dev/null 2>&1 || true
        start="$(date +%s%N)"
        "$@" >/dev/null 2>&1
        times+=($((($(date +%s%N) - start) / 1000)))
    done
    printf '%-44s %8.1f ms\n' "$label" "$(printf '%s\n' "${times[@]}" | sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)] / 1000}')"
}

median "kik create, without the toolchain's libraries" '"$kik" remove -y --purge bare' "$kik" create bare
"$kik" create first 2>/dev/null
"$kik" rinstall regex 2>/dev/null
median "kik create, with them" '"$kik" remove -y --purge second' "$kik" create second
median "kik list" : "$kik" list
median "kik rinstall regex, second environment" '"$kik" remove -y --purge second; "$kik" create second' "$kik" rinstall regex -e second
"$kik" lock 2>/dev/null
median "kik sync, nothing to do" : "$kik" sync
if command -v uv >/dev/null; then
    export UV_CACHE_DIR="$work/uv-cache"
    median "uv venv" 'rm -rf .venv' uv venv
    uv pip install -q regex
    median "uv pip list" : uv pip list
    median "uv pip install regex, nothing to do" : uv pip install regex
    median "uv pip install regex, second environment" 'rm -rf .venv; uv venv' uv pip install regex
fi
