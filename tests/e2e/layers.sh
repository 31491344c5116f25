# The sandbox where a layer of it is missing or switched off: said, refused by --sandbox=strict, and all else works.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
unset KAYTON_ACTIVE_ENV
export KAYTON_HOME="$WORK/home"

without() { python3 "$E2E_SOURCE/without.py" "$@"; }
without landlock true || exit 77

printf 'print("hello")\n' >hello.kay
printf 'import os\nprint(open("%s/outside/file").read())\n' "$WORK" >outside.kay
mkdir outside inside
printf 'seen' >outside/file
cp ./*.kay inside

# layer_missing LAYER CALLS: kayton on a kernel without these calls.
layer_missing() {
    local status=0
    without "$2" kayton run hello.kay >out 2>err </dev/null || status=$?
    [[ "$status" == 0 ]] || failed "without $1: status $status"
    out_is hello
    err_has "kayton: warning: this machine's kernel lacks $1: programs run without that layer of the sandbox (--sandbox=strict refuses)"
    status=0
    without "$2" kayton run --sandbox=strict hello.kay >out 2>err </dev/null || status=$?
    [[ "$status" == 1 ]] || failed "strict without $1: status $status"
    out_is ""
    grep -q "lacks a layer of the sandbox: .*$1" err || failed "strict does not name $1"
    status=0
    without "$2" kayton doctor >out 2>err || status=$?
    [[ "$status" == 1 ]] || failed "doctor without $1: status $status"
    grep -Eq "^missing +$1 " out || failed "doctor does not say that $1 is missing"
    grep -A1 "^missing *$1" out | grep -q "help: " || failed "doctor does not say how to have $1"
}
layer_missing landlock landlock
layer_missing seccomp seccomp,prctl_seccomp
layer_missing namespaces unshare

# Nobody to ask about calls: what needs that is said, and the filter decides the rest by itself.
status=0
without seccomp_listener kayton doctor >out 2>err || status=$?
[[ "$status" == 0 ]] || failed "doctor without anybody to ask: status $status"
grep -Eq "^missing +checkpoints " out || failed "doctor does not say that checkpoints are missing"
printf 'kept = 1\nprint("x" * 9000)\nprint("on")\nprint(kept)\n' >ended.txt
without seccomp_listener kayton repl --max-output=1000 <ended.txt >out 2>err || failed "the session ended"
grep -qx on out || failed "the session does not go on"
err_has "variables would not survive a crash"
err_has "names defined before are gone"
err_has "name 'kept' is not defined"

# All layers, where this machine has them.
status=0
kayton doctor >out 2>err || status=$?
python3 -c 'import json, sys; assert any(f["subject"] == "landlock" for f in json.load(sys.stdin))' < <(kayton doctor --json)
[[ "$status" == 0 ]] || { cat out; echo "skipped: a layer is missing here"; exit 77; }
run 0 kayton run --sandbox=strict hello.kay
silent_err
cd inside
run 1 kayton run outside.kay
err_has "PermissionError: [Errno 13] Permission denied: '$WORK/outside/file'"
err_has "help: the sandbox keeps the program from $WORK/outside/file; kayton run --allow-read=$WORK/outside/file"
run 0 kayton run "--allow-read=$WORK/outside/file" outside.kay
out_is seen
run 0 kayton run --sandbox=off outside.kay
out_is seen
printf 'open("../outside/new", "w").write("x")\n' >write.kay
run 1 kayton run --allow-read ../outside write.kay
err_has "kayton run --allow-write=$WORK/outside lets it"
run 0 kayton run --allow-write ../outside write.kay
run 2 kayton run --sandbox=perhaps hello.kay
cd ..

# Memory: a program that takes without end is told at the limit.
printf 'xs = [0]\nwhile True:\n    xs = xs + xs\n' >greedy.kay
run 1 kayton run --max-memory=300M greedy.kay
err_has "MemoryError: no memory for a block of"
err_has "the program may use 300 MB (--max-memory)"
err_has "line 3, in <module>"
run 2 kayton run --max-memory=1M greedy.kay

# Time: of the processor, which tells the line, and of the clock.
printf 'n = 0\nwhile True:\n    n = (n + 1) %% 1000\n' >busy.kay
run 152 kayton run --max-cpu=1 busy.kay
err_has "SIGXCPU (out of CPU time): it has used all the processor time it may (--max-cpu) in the program itself, at line"
err_has "of busy.kay"
printf 'import time\ntime.sleep(600)\n' >idle.kay
run 70 kayton run --max-time=1 idle.kay
err_has "it ran for longer than 1 s (--max-time)"
run 2 kayton run --max-time=soon idle.kay
no_workers
