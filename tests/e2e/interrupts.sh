# Ctrl-C at any moment: the program ends soon with 130, and nothing stays behind.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1

cat >forever.kay <<'KAYTON'
print("started", flush=True)
n = 0
while True:
    n = (n + 1) % 1000
KAYTON
cat >sleeper.kay <<'KAYTON'
import time
print("started", flush=True)
time.sleep(600)
KAYTON
cat >handler.kay <<'KAYTON'
print("started", flush=True)
try:
    while True:
        pass
except KeyboardInterrupt:
    print("caught")
KAYTON

# interrupt_when_started FILE STATUS
interrupt_when_started() {
    # Job control gives it a process group of its own, as a terminal would: SIGINT goes to all of it.
    kayton run "$1" >out 2>err </dev/null &
    local pid=$! status=0
    for _ in $(seq 200); do
        grep -q started out 2>/dev/null && break
        sleep 0.05
    done
    grep -q started out || failed "$1 did not start"
    kill -INT -- "-$pid"
    local begun=$SECONDS
    wait "$pid" || status=$?
    [[ "$status" == "$2" ]] || failed "$1 ended with status $status, expected $2"
    ((SECONDS - begun <= 10)) || failed "$1 took $((SECONDS - begun)) seconds to end"
    no_workers
}

set -m
interrupt_when_started forever.kay 130
grep -q KeyboardInterrupt err || failed "KeyboardInterrupt is not shown"
interrupt_when_started sleeper.kay 130
interrupt_when_started handler.kay 0
grep -qx caught out || failed "the program did not catch KeyboardInterrupt"

# At any moment of the start: whatever it was doing, it ends, and no worker stays.
printf 'print("short")\n' >short.kay
for delay in 0.001 0.003 0.005 0.01 0.02 0.03 0.05 0.08; do
    kayton run short.kay >out 2>err </dev/null &
    pid=$!
    sleep "$delay"
    kill -INT -- "-$pid" 2>/dev/null || true
    status=0
    wait "$pid" || status=$?
    [[ "$status" == 130 || "$status" == 0 ]] || failed "interrupted after $delay s: status $status"
    no_workers
done

# While a crate is being installed: the environment is the old one.
export KAYTON_HOME="$WORK/home" KAYTON_ACTIVE_ENV=trial
kik create trial >/dev/null 2>&1
kik list --json >before.json
for delay in 0.2 1 3; do
    kik rinstall --path "$ROOT/examples/plugin_hello" >out 2>err </dev/null &
    pid=$!
    sleep "$delay"
    kill -INT -- "-$pid" 2>/dev/null || true
    status=0
    wait "$pid" || status=$?
    kik list --json >after.json
    if [[ "$status" != 0 ]]; then
        [[ "$status" == 130 ]] || failed "kik interrupted after $delay s: status $status"
        cmp -s before.json after.json || failed "an interrupted installation has changed the environment"
    else
        kik uninstall plugin_hello >/dev/null 2>&1
    fi
done
LIMIT=600 run 0 kik rinstall --path "$ROOT/examples/plugin_hello"
