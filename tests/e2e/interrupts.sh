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

# At any moment of the start.
printf 'print("short")\n' >short.kay
printf 'print(input())\n' >reader.kay
python3 "$E2E_SOURCE/any_moment.py" || failed "a signal at some moment of the start went wrong"
no_workers

# A program that catches the interrupt goes on, and reads on.
cat >patient.kay <<'KAYTON'
caught = 0
while caught < 2:
    try:
        print("waiting", caught, flush=True)
        print("got", input(), flush=True)
    except KeyboardInterrupt:
        caught += 1
print("end")
KAYTON
mkfifo lines
exec 9<>lines
kayton run patient.kay >out 2>err <lines 9<&- &
pid=$!
# shows TEXT: waits until the program has printed it.
shows() {
    for _ in $(seq 100); do
        ! grep -qx "$1" out || return 0
        sleep 0.05
    done
    failed "the program did not print: $1"
}
shows "waiting 0"
kill -INT -- "-$pid"
shows "waiting 1"
echo "a line" >&9
shows "got a line"
kill -INT -- "-$pid"
status=0
wait "$pid" || status=$?
exec 9>&-
[[ "$status" == 0 && "$(tail -n 1 out)" == end ]] || failed "the program that catches interrupts ended with $status"

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
