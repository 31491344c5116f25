# The log report and the same program in Rust print the same bytes, on a log of 200,000 lines. tests/bench/log_report.sh
# measures the two; here only a gross loss of speed fails, from the shell's point of view: starting and compiling included.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
"$ROOT/examples/make_log" access.log 200000 >/dev/null
LIMIT=600 run 0 cargo build --release --locked --quiet --manifest-path "$E2E_SOURCE/log_report/Cargo.toml" \
    --target-dir "$E2E_BUILD/log_report"
run 0 "$E2E_BUILD/log_report/release/log_report" access.log
mv out expected
[[ "$(wc -l <expected)" -gt 60 ]] || failed "the Rust program's report is too short to compare with"
run 0 kayton run "$ROOT/examples/log_report.kay" access.log
cmp expected out || { diff -u expected out | head -30 >&2; failed "the reports differ"; }
silent_err

# best_of COMMAND…: the shortest of five runs, in microseconds.
best_of() {
    local best=0 begun took
    for _ in 1 2 3 4 5; do
        begun="${EPOCHREALTIME/./}"
        "$@" >/dev/null
        took=$((${EPOCHREALTIME/./} - begun))
        ((best != 0 && best <= took)) || best=$took
    done
    echo "$best"
}
rust="$(best_of "$E2E_BUILD/log_report/release/log_report" access.log)"
kayton="$(best_of kayton run "$ROOT/examples/log_report.kay" access.log)"
echo "Rust $((rust / 1000)) ms, Kayton $((kayton / 1000)) ms: ratio $((kayton * 100 / rust)) %"
# The figure that is held to is tests/bench/log_report.sh's; here other tests run beside, and only a gross loss fails.
((kayton <= rust * 6)) || failed "the log report takes more than six times as long as the Rust program"

printf 'no request at all\n\n' >bad.log
run 0 kayton run "$ROOT/examples/log_report.kay" bad.log
out_is "2 lines, 0 requests, 2 malformed"
run 1 kayton run "$ROOT/examples/log_report.kay" absent.log
err_has "FileNotFoundError: [Errno 2] No such file or directory: 'absent.log'"
