# kayton run and check as a person uses them: arguments, statuses, streams.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
unset KAYTON_ACTIVE_ENV
export KAYTON_HOME="$WORK/home"

printf 'import sys\nprint(sys.argv)\n' >arguments.kay
run 0 kayton run arguments.kay one --two "three four" -- -5
out_is "['arguments.kay', 'one', '--two', 'three four', '--', '-5']"
silent_err
run 0 kayton run "$ROOT/examples/hello.kay"
out_is "hello"

for status in 0 1 3 70 255; do
    printf 'import sys\nprint("x")\nsys.exit(%s)\n' "$status" >exit.kay
    run "$status" kayton run exit.kay
    out_is "x"
    silent_err
done
printf 'import sys\nsys.exit("a message")\n' >message.kay
run 1 kayton run message.kay
err_is "a message"

# An uncaught exception is told as CPython tells it.
cat >trace.kay <<'KAYTON'
def inner(n):
    return 10 // n


def outer(n):
    return inner(n) + 1


print(outer(5))
print(outer(0))
KAYTON
run 1 kayton run trace.kay
out_is "3"
for text in "Traceback (most recent call last):" 'File "trace.kay", line 10' 'File "trace.kay", line 6, in outer' \
    'File "trace.kay", line 2, in inner' "return 10 // n" "ZeroDivisionError: integer division or modulo by zero"; do
    err_has "$text"
done

run 0 kayton check trace.kay
out_is ""
printf 'x = 1\nprint(x + "a")\nprint(y)\n' >wrong.kay
run 1 kayton check wrong.kay
cat out err >all
for text in "error[E0369]" "wrong.kay:2:" "error[E0425]" "wrong.kay:3:7" "^"; do
    grep -qF -- "$text" all || failed "kayton check: expected $text"
done
run 1 kayton run wrong.kay
out_is ""

# Output streams while the program runs, on both streams, and large output arrives whole.
cat >slow.kay <<'KAYTON'
import sys
import time
print("first")
sys.stdout.flush()
time.sleep(30)
KAYTON
mkfifo pipe
kayton run slow.kay >pipe 2>err </dev/null &
pid=$!
read -r -t 10 line <pipe || failed "no output while the program runs"
[[ "$line" == first ]] || failed "expected the first line, got $line"
kill -INT "$pid"
wait "$pid" || true
printf 'import sys\nfor i in range(300000):\n    print(i, "x" * 20)\nprint("last", file=sys.stderr)\n' >large.kay
run 0 kayton run large.kay
[[ "$(wc -l <out)" == 300000 && "$(tail -n 1 out)" == "299999 xxxxxxxxxxxxxxxxxxxx" ]] || failed "large output is not whole"
err_is last
# The reader goes away: the program ends, quietly or with BrokenPipeError, and not by hanging.
{ timeout 60 kayton run large.kay 2>err </dev/null || [[ $? != 124 ]] || touch hung; } | head -n 2 >out
[[ ! -e hung ]] || failed "the program goes on without a reader"
[[ "$(wc -l <out)" == 2 ]] || failed "head got $(wc -l <out) lines"

printf 'total = 0\nwhile True:\n    try:\n        total += int(input())\n    except EOFError:\n        break\nprint(total)\n' >sum.kay
[[ "$(seq 100 | timeout 60 kayton run sum.kay)" == 5050 ]] || failed "standard input"
printf 'import sys\nprint(repr(sys.stdin.read()))\n' >whole.kay
[[ "$(printf 'one\ntwo' | timeout 60 kayton run whole.kay)" == "'one\\ntwo'" ]] || failed "a last line without its newline"

# The sandbox: secrets are not visible, and where the kernel has Landlock, files outside the working folder are neither
# read nor written.
cat >secret.kay <<'KAYTON'
import os
print(os.getenv("KAYTON_TEST_SECRET"))
try:
    open("/etc/shadow")
    print("read")
except PermissionError as error:
    print("refused")
try:
    open(os.path.join(os.path.dirname(os.getcwd()), "kayton-e2e-outside"), "w")
    print("written")
except PermissionError as error:
    print("refused")
with open("inside.txt", "w") as f:
    f.write("ok")
print(open("inside.txt").read())
KAYTON
if has_layer landlock; then
    KAYTON_TEST_SECRET=s3cret run 0 kayton run secret.kay
    out_is "$(printf 'None\nrefused\nrefused\nok')"
else
    printf 'import os\nprint(os.getenv("KAYTON_TEST_SECRET"))\n' >hidden.kay
    KAYTON_TEST_SECRET=s3cret run 0 kayton run hidden.kay
    out_is None
    KAYTON_TEST_SECRET=s3cret run 1 kayton run --sandbox=strict hidden.kay
    err_has landlock
fi
no_workers
