# Installations that cannot work leave the environment as it was and say what to do.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
export KAYTON_HOME="$WORK/home" KAYTON_ACTIVE_ENV=trial
run 0 kik create trial
kik list --json >before.json
unchanged() {
    kik list --json >after.json
    cmp -s before.json after.json || failed "the environment has changed"
    [[ -z "$(find "$KAYTON_HOME/envs/trial/libs" -name plugin.so 2>/dev/null)" ]] || failed "a plugin is left behind"
}

LIMIT=120 run 1 kik rinstall no-such-crate-kayton-e2e
err_has "no-such-crate-kayton-e2e"
unchanged
run 1 kik rinstall regex==999.0.0
err_has regex
unchanged
run 1 kik rinstall --path "$WORK/nowhere"
unchanged
mkdir not_a_crate
run 1 kik rinstall --path not_a_crate
err_has Cargo.toml
unchanged
run 1 kik rinstall 'bad name!'
unchanged
run 1 kik frobnicate

# No network: an empty cargo home and a proxy that nobody listens on.
mkdir cargo_home
CARGO_HOME="$WORK/cargo_home" CARGO_NET_RETRY=0 https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 \
    ALL_PROXY=http://127.0.0.1:9 CARGO_HTTP_PROXY=http://127.0.0.1:9 LIMIT=120 run 1 kik rinstall regex
unchanged

# A crate that does not compile.
mkdir -p broken/src
printf '[package]\nname = "broken"\nversion = "0.1.0"\nedition = "2021"\n' >broken/Cargo.toml
printf 'pub fn f() -> i32 { "text" }\n' >broken/src/lib.rs
LIMIT=300 run 1 kik rinstall --path broken
err_has broken
unchanged

# Crates that have nothing to import.
mkdir -p only_macros/src only_program/src
printf '[package]\nname = "only_macros"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n' >only_macros/Cargo.toml
printf 'extern crate proc_macro;\n' >only_macros/src/lib.rs
run 1 kik rinstall --path only_macros
err_has "offers only procedural macros"
printf '[package]\nname = "only_program"\nversion = "0.1.0"\nedition = "2021"\n' >only_program/Cargo.toml
printf 'fn main() {}\n' >only_program/src/main.rs
run 1 kik rinstall --path only_program
err_has "cargo install"
unchanged

# A full disk, where this machine lets us make a small one.
if unshare --mount --map-root-user true 2>/dev/null; then
    mkdir small
    status=0
    unshare --mount --map-root-user bash -c '
        set -e
        mount -t tmpfs -o size=3m tmpfs small
        export KAYTON_HOME="$PWD/small"
        kik create trial
        code=0
        timeout 300 kik rinstall --path "$0/examples/plugin_hello" >out 2>err </dev/null || code=$?
        [[ "$code" == 1 ]] || { echo "status $code"; exit 1; }
        [[ -z "$(find small/envs/trial/libs -name plugin.so 2>/dev/null)" ]]
        kik list >/dev/null
    ' "$ROOT" >disk.log 2>&1 || status=$?
    [[ "$status" == 0 ]] || { cat disk.log >&2; failed "a full disk"; }
    grep -qi "space" err || failed "the error does not speak of space"
fi
