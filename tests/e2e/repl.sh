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

# crashes NAME WORD: after plugin_hello.NAME() the next line runs in a new worker, and WORD tells what happened.
crashes() {
    printf 'rimport plugin_hello\nprint("one")\nplugin_hello.%s()\nprint("two:", 6 * 7)\nrimport plugin_hello\nprint(plugin_hello.add(1, 2))\n' "$1" |
        session
    grep -qx "two: 42" out || failed "$1: the next line did not run"
    grep -qx 3 out || failed "$1: the plugin cannot be used in the new worker"
    cat out err >all
    grep -q "$2" all || failed "$1: expected $2 in the report"
    ! grep -q ImportError all || failed "$1: plugin_hello is not installed"
}
crashes crash SIGSEGV
crashes abort SIGABRT
crashes overflow_stack SIGSEGV
crashes exit0 exit
no_workers
