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

for program in kayton kayton-worker kayton-kernel kik; do
    run 0 "$program" --version
    grep -Eqx "$program [0-9.]+ \(plugin ABI v[0-9]+, [a-z0-9_]+-linux, (GCC|Clang) .*\)" out || failed "$program --version"
    silent_err
done

for status in 0 1 3 70 255; do
    printf 'import sys\nprint("x")\nsys.exit(%s)\n' "$status" >exit.kay
    run "$status" kayton run exit.kay
    out_is "x"
    silent_err
done
printf 'import sys\nsys.exit("a message")\n' >message.kay
run 1 kayton run message.kay
err_is "a message"

# A generator that only code that cannot be reached asks for.
cat >unreached.kay <<'KAYTON'
def main():
    print({"k": "v"}.get("u") if True else next(iter(["it's", "u"]), None))
    print(next(iter("ab c".split("a")), None) if [2] < [1] else ({"k": "v"}.get("u") if (True and True) else next(iter(["x"]), None)))
main()
KAYTON
run 0 kayton run --quick unreached.kay
out_is "None
None"

# An error in what a shipped module does with its arguments shows that module's line too.
printf 'import itertools\nprint(list(itertools.starmap(lambda a: a, [(1, 2)])))\n' >shipped.kay
run 1 kayton run shipped.kay
grep -qF "<itertools>" err || failed "expected the line of itertools"
err_has "in this call of \`starmap\`"

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

# A folder stands for the programs in it, in order; an error in a module is told once, whoever imports it.
mkdir -p folder/deep folder/.kayton folder/empty
printf 'import shared\nprint(wrong_b)\n' >folder/b.kay
printf 'import shared\nprint(wrong_a)\n' >folder/a.kay
printf 'def f():\n    return wrong_shared\n\n\nf()\n' >folder/shared.kay
printf 'print("right")\n' >folder/deep/fine.kay
printf 'print(hidden)\n' >folder/.kayton/left_out.kay
printf 'print(no_program)\n' >folder/notes.txt
run 1 kayton check folder
err_has "4 programs checked: 3 errors in 2 files"
[[ "$(grep -o 'wrong_[a-z]*. is not defined' err | tr '\n' ' ')" == "wrong_shared' is not defined wrong_a' is not defined wrong_b' is not defined " ]] ||
    failed "kayton check of a folder: order, or an error twice"
# What is wrong in another text than the program's own is shown with its lines by every command.
for command in check run; do
    run 1 kayton $command folder/a.kay
    cat out err >all
    for text in "folder/shared.kay:2:12" "return wrong_shared" "folder/a.kay:2:7"; do
        grep -qF -- "$text" all || failed "kayton $command of a program with a wrong module: expected $text"
    done
done
run 0 kayton check folder/deep trace.kay
err_is "2 programs checked: no errors"
run 1 kayton check folder/empty
err_has "there is no .kay file in the folder folder/empty"
run 1 kayton check no_such_folder
err_has "no such file: no_such_folder"
printf 'x = "caf\351"\nrimport no_such_crate\n' >latin.kay
run 1 kayton check latin.kay
for text in "error[E0008]" "latin.kay:1:9" "byte 0xe9" "save the file as UTF-8"; do
    err_has "$text"
done
printf 'rimport no_such_crate\n' >crate.kay
run 1 kayton check --json folder wrong.kay latin.kay absent.kay crate.kay
silent_err
python3 - <<'PYTHON' || failed "kayton check --json"
import json
found = json.load(open("out"))
print([(e["code"], e["file"], e.get("line")) for e in found])
assert [(e["code"], e["file"]) for e in found] == [
    ("E0425", "folder/shared.kay"), ("E0425", "folder/a.kay"), ("E0425", "folder/b.kay"), ("E0369", "wrong.kay"),
    ("E0425", "wrong.kay"), ("E0008", "latin.kay"), (None, "absent.kay"), (None, "crate.kay")], found
assert (found[4]["line"], found[4]["column"], found[4]["end_column"], found[4]["severity"]) == (3, 7, 8, "error")
assert "no such file" in found[6]["message"] and "kik rinstall no_such_crate" in found[7]["message"]
PYTHON

run 0 kayton explain
[[ "$(head -n 1 out)" == "E0001  syntax error" && "$(sort -u out | diff - out)" == "" ]] || failed "kayton explain lists the codes"
for code in E0308 e0308 308; do
    run 0 kayton explain "$code"
    [[ "$(head -n 1 out)" == "# E0308: type does not fit" ]] || failed "kayton explain $code"
done
run 1 kayton explain E0380
err_has "there is no error code E0380"
err_has "did you mean E0308? \`kayton explain\` lists the codes"
run 1 kayton explain nonsense
err_has "there is no error code nonsense"

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

# What a type refuses in a function that is given None is a warning, and raised where the run comes to it; in the program's
# own statements it is an error.
cat >none_given.kay <<'KAYTON'
def shout(text):
    print("asked")
    return text.upper()


print(shout("a"))
shout(None)
KAYTON
run 0 kayton check none_given.kay
grep -qF "warning[E0599]" out err || failed "kayton check says nothing of None"
run 1 kayton run none_given.kay
out_is "$(printf 'asked\nA\nasked')"
err_has "warning[E0599]: 'None' object has no attribute 'upper'"
err_has "AttributeError: 'NoneType' object has no attribute 'upper'"
printf 'print("first")\nNone.upper()\n' >none_used.kay
run 1 kayton run none_used.kay
out_is ""
err_has "error[E0599]"
no_workers
