# What every end-to-end script begins with: strict mode, a folder of its own, and the few checks they share.
# ctest gives KAYTON_HOME (environments made by install_crates.sh), E2E_SOURCE (this folder), ROOT, and kayton and kik on
# the PATH.
set -euo pipefail
: "${KAYTON_HOME:?}" "${E2E_SOURCE:?}" "${ROOT:?}"
export NO_COLOR=1 KAYTON_ACTIVE_ENV=e2e
WORK="$(mktemp -d "${TMPDIR:-/tmp}/kayton-e2e.XXXXXX")"
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

failed() {
    printf 'FAILED: %s\n' "$*" >&2
    for file in out err; do
        [[ ! -s "$WORK/$file" ]] || { printf -- '--- standard %s\n' "$file" >&2; head -c 4000 "$WORK/$file" >&2; }
    done
    exit 1
}

# run STATUS COMMAND…: standard output goes to ./out, standard error to ./err; any other end than STATUS fails the test.
run() {
    local wanted="$1" status=0
    shift
    timeout --kill-after=5 "${LIMIT:-60}" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
    # Told once a run where the kernel lacks a layer of the sandbox; it belongs to the machine, not to the test.
    sed -i '/^kayton: warning: this machine.s kernel lacks /d' "$WORK/err"
    [[ "$status" == "$wanted" ]] || failed "\`$*\` ended with status $status, expected $wanted"
}

# out_is TEXT: the last run's standard output, with its final newline left out.
out_is() { [[ "$(<"$WORK/out")" == "$1" ]] || failed "expected on standard output: $1"; }
err_has() { grep -qF -- "$1" "$WORK/err" || failed "expected in standard error: $1"; }
err_is() { [[ "$(<"$WORK/err")" == "$1" ]] || failed "expected as standard error: $1"; }
silent_err() { [[ ! -s "$WORK/err" ]] || failed "expected nothing on standard error"; }

# has_layer NAME: this machine's kernel has the layer of the sandbox: landlock, seccomp.
has_layer() {
    { kayton doctor || true; } | grep -Eq "^ok +$1 "
}

# can_be_other: makes ./other, the home of another user, for as_other; false, and told, where this user cannot become one.
OTHER=54321
can_be_other() {
    if ((EUID != 0)) || ! unshare -m true 2>/dev/null || ! setpriv --reuid "$OTHER" --clear-groups test -r "$ROOT/CMakeLists.txt"; then
        echo "Skipped: this user cannot become another one"
        return 1
    fi
    chmod 755 "$WORK"
    install -d -o "$OTHER" -g "$OTHER" other
    mkdir toolchain
}

# as_other STATUS COMMAND…: `run` as that user. The toolchain may lie below root's closed home, so it is shown elsewhere.
as_other() {
    local status="$1"
    shift
    HOME="$WORK/other" PATH="$WORK/toolchain/bin:$PATH" run "$status" \
        unshare -m bash -c 'mount --bind "$0" "$1" && shift && unset CARGO_HOME RUSTUP_HOME && exec "$@"' \
        "$(rustc --print sysroot)" "$WORK/toolchain" setpriv --reuid "$OTHER" --regid "$OTHER" --clear-groups "$@"
}

# no_workers: nothing that this script started may have left a worker behind. Workers of other tests run in other folders.
no_workers() {
    local comm folder
    for _ in $(seq 50); do
        local left=""
        # Not pgrep: a small machine lacks it.
        for comm in $(grep -lx kayton-worker /proc/[0-9]*/comm 2>/dev/null || true); do
            folder="$(readlink "${comm%comm}cwd" 2>/dev/null || true)"
            [[ "$folder" != "$WORK"* ]] || left="$left ${comm//[!0-9]/}"
        done
        [[ -n "$left" ]] || return 0
        sleep 0.1
    done
    failed "workers are left:$left"
}
