# A hostile plugin ends its worker only: the message names the signal, the plugin and the Kayton line.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1

# hostile NAME STATUS WORD: a program that calls plugin_hello.NAME() on its line 5.
hostile() {
    cat >"$1.kay" <<KAYTON
rimport plugin_hello

def provoke():
    print("before", flush=True)
    plugin_hello.$1()
    print("after")

provoke()
KAYTON
    run "$2" kayton run "$1.kay"
    out_is "before"
    err_has "$3"
    err_has plugin_hello
    err_has "$1.kay"
    grep -Eq 'line 5|:5' err || failed "the Kayton line (5) is not named"
    err_has "plugin_hello.$1()"
    run 0 kayton crash show
    for text in "kayton run $1.kay" "$3" "plugin_hello 0.1.0" "$1.kay:5 in provoke" "plugin_hello.$1()" "$1.kay:8 in <module>"; do
        grep -qF -- "$text" out || failed "kayton crash show: expected $text"
    done
    kayton crash show --json | python3 -c 'import json, sys; assert json.load(sys.stdin)["crate"] == "plugin_hello"'
    no_workers
}

hostile crash 139 SIGSEGV
hostile abort 134 SIGABRT
hostile overflow_stack 139 SIGSEGV
hostile exit0 70 exit

# The file is named as it was given.
mkdir deeper
cp crash.kay deeper
for file in deeper/crash.kay "$WORK/deeper/crash.kay"; do
    run 139 kayton run "$file"
    err_has "called from line 5 of $file"
    err_has "    plugin_hello.crash()"
done

# A core file is left where it is asked for and the system keeps one in the folder; it is the worker's, and nobody else's.
rm -f core*
run 139 kayton run --checkpoint-on-crash=off crash.kay
[[ -z "$(compgen -G 'core*')" ]] || failed "a core file was left unasked"
run 139 bash -c 'ulimit -Sc "$(ulimit -Hc)" && exec kayton run --checkpoint-on-crash=core crash.kay'
pattern="$(cat /proc/sys/kernel/core_pattern)"
if [[ "$(ulimit -Hc)" != unlimited || -z "$pattern" ]]; then
    err_has "no core file was left"
elif [[ "$pattern" == "|"* ]]; then
    err_has "the core file went to"
elif [[ "$pattern" != */* ]]; then
    core="$(compgen -G '*core*' | head -n 1)"
    [[ -n "$core" && "$(head -c 4 "$core")" == $'\x7fELF' && "$(stat -c %a "$core")" == 600 ]] || failed "no core file"
    err_has " $core looks at the core file"
    # Only the limit is in the way now, and that is said.
    rm -f "$core"
    run 139 bash -c 'ulimit -Hc 0 && exec kayton run --checkpoint-on-crash=core crash.kay'
    err_has "no core file was left: \`ulimit -c unlimited\`"
fi
rm -f core*
run 2 kayton run --checkpoint-on-crash=maybe crash.kay
err_has "it is off or core"

cat >panic.kay <<'KAYTON'
rimport plugin_hello
try:
    plugin_hello.panic_now()
except RustPanic as panic:
    print("caught:", panic)
print(plugin_hello.add(2, 3))
plugin_hello.panic_now()
KAYTON
run 1 kayton run panic.kay
[[ "$(head -n 1 out)" == "caught: "*"this plugin panics on purpose"* ]] || failed "the panic was not caught"
[[ "$(sed -n 2p out)" == 5 ]] || failed "the plugin does not work after a panic"
[[ "$(tail -n 1 err)" == "RustPanic: "*"this plugin panics on purpose"* ]] || failed "the uncaught panic is not the last line"
no_workers
