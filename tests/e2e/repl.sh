# A session: names stay, errors and crashes end a line and not the session.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1

session() { timeout 60 kayton repl >out 2>err || failed "kayton repl ended with status $?"; }

session <<'KAYTON'
x = 20
def double(n):
    return n * 2

double(x) + 2
"text"
xs = [1, 2, 3]
for n in xs:
    print(n, end=";")

undefined_name
1 // 0
x = "now a text"
x.upper()
KAYTON
for text in 42 "'text'" "1;2;3;" "'NOW A TEXT'"; do
    grep -qF -- "$text" out || failed "expected $text in the session's output"
done
cat out err >all
for text in "E0425" "undefined_name" "ZeroDivisionError: integer division or modulo by zero"; do
    grep -qF -- "$text" all || failed "expected $text in the session"
done

# Back over inputs; what only asks does not count.
session <<'KAYTON'
x = [1]
x.append(2)
x = "text"
:type x
:undo 2
print("x is", x)
:undo 9
:undo never
KAYTON
for text in "x: str" "variables are as before input 2" "x is [1]"; do
    grep -qF -- "$text" out || failed "expected $text in the session's output"
done
for text in "can be undone" ":undo takes how many"; do
    grep -qF -- "$text" err || failed "expected $text in the session's errors"
done

# What one cell makes is another's to use: variables that are read and given again, in the same type or another, functions
# that change them, classes that nothing used at first. A cell that fails leaves what it did not reach as it was.
session <<'KAYTON'
count = 1
count = count + 1
count += 5
def more():
    global count
    count += 10

more()
more()
print("count is", count)
count = str(count) + "!"
print("count is", count)
class Box:
    def __init__(self, held):
        self.held = held
    def twice(self):
        return self.held * 2

class Refused(Exception):
    def __init__(self, code):
        self.code = code

box = Box(21)
print("box", box.twice())
try:
    raise Refused(7)
except Refused as refused:
    print("refused", refused.code)

early = 5
1 // (early - 5); early = "late"; never = 3
print("early", early + 1)
never
def closing():
    try:
        print("open")
    finally:
        print("closed")

closing()
rows = []
table = {}
rows
def note(text):
    rows.append(text)

note("a"); note("b"); print("rows", rows)
table["a"] = 1; print("table", table)
rows.append("c"); print("rows", len(rows), len(table))
twin = []
other = twin
twin = set()
twin.add(4); print("twin", twin)
lost = []
lost.append(1); 1 // 0
lost.append("x"); print("lost", lost)
KAYTON
for text in "rows ['a', 'b']" "table {'a': 1}" "rows 3 1" "twin {4}" "lost ['x']" "count is 27" "count is 27!" "box 42" "refused 7" "early 6" open closed; do
    grep -qxF -- "$text" out || failed "expected the line $text in the session's output"
done
grep -qF "NameError: name 'never' is not defined" err || failed "expected a NameError of what was not reached"

# crashes NAME WORD: plugin_hello.NAME() ends the worker, WORD tells what happened, and every name is as it was before
# that line.
crashes() {
    session <<KAYTON
rimport plugin_hello
answer = 6 * 7
words = {"a": [1, 2]}
answer = "spoilt"; plugin_hello.$1()
print("two:", answer, words)
print(plugin_hello.add(1, 2))
later = plugin_hello.add(answer, 1)
plugin_hello.$1()
print("three:", later)
KAYTON
    grep -qx "two: 42 {'a': \[1, 2\]}" out || failed "$1: the variables are not as before"
    grep -qx "three: 43" out || failed "$1: the variables are not as before the second time"
    grep -qx 3 out || failed "$1: the plugin cannot be used after it"
    [[ "$(grep -c "your variables are as before this cell" err)" == 2 ]] || failed "$1: nobody said what became of the variables"
    cat out err >all
    grep -q "$2" all || failed "$1: expected $2 in the report"
    ! grep -q ImportError all || failed "$1: plugin_hello is not installed"
}
crashes crash SIGSEGV
crashes abort SIGABRT
crashes overflow_stack SIGSEGV
crashes exit0 exit

# A crate's threads do not live in a copy: plain values go on in a new worker, and what is lost is named.
session <<'KAYTON'
rimport plugin_hello
counter = plugin_hello.Counter(3)
number, text, ratio, flag, nothing = 7, "höllo", 2.5, True, None
words = {"a": [1, 2], "b": []}
shared = words["a"]
pair = (1, "x")
names = {"x", "y"}
mixed = [1, "two", None, 3.5]
plugin_hello.start_thread()
plugin_hello.start_thread(); number = 8
plugin_hello.crash()
print(number, text, ratio, flag, nothing, words, pair, sorted(names), mixed)
shared.append(9)
print(words, plugin_hello.add(1, 1))
counter
KAYTON
grep -qxF "8 höllo 2.5 True None {'a': [1, 2], 'b': []} (1, 'x') ['x', 'y'] [1, 'two', None, 3.5]" out ||
    failed "plain values were not restored"
grep -qxF "{'a': [1, 2, 9], 'b': []} 2" out || failed "what variables share was not restored"
cat out err >all
grep -q "except: counter (a value of the crate type plugin_hello.Counter)" all || failed "the lost handle is not named"
grep -q "name 'counter' is not defined" all || failed "the lost name is still known"
grep -q "threads of a crate are running" all || failed "nobody said that crate values would be lost"
no_workers
