# ratio.sh RUNS LABEL_A COMMAND_A LABEL_B COMMAND_B: runs both in turn RUNS times (one more first, to warm the caches) and
# prints the median wall time of each and A's over B's. Turns alternate, so that a slow moment of the machine hits both.
# Sourced by the benchmarks; asserts nothing but that each command succeeds.

ratio() {
    local runs="$1" label_a="$2" command_a="$3" label_b="$4" command_b="$5"
    local times_a=() times_b=() i begin end
    for ((i = 0; i <= runs; i++)); do
        for which in a b; do
            local command="command_$which" times="times_$which"
            begin="${EPOCHREALTIME/./}"
            eval "${!command}" >/dev/null </dev/null || { echo "bench: failed: ${!command}" >&2; return 1; }
            end="${EPOCHREALTIME/./}"
            # The first round only warms the caches.
            ((i == 0)) || eval "$times+=($((end - begin)))"
        done
    done
    local median_a median_b
    median_a="$(printf '%s\n' "${times_a[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p")"
    median_b="$(printf '%s\n' "${times_b[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p")"
    awk -v a="$median_a" -v b="$median_b" -v la="$label_a" -v lb="$label_b" -v n="$runs" \
        'BEGIN { printf "%-34s %9.1f ms\n%-34s %9.1f ms\nratio %.2f (medians of %d interleaved runs)\n", la, a / 1000, lb, b / 1000, a / b, n }'
}
