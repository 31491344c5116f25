# The environment that the other end-to-end tests use: five crates nobody wrote glue for, one of our own that holds what
# crates look like (fixtures/shapes), and the hand-written plugin.
# A second run finds all of it there. Versions are those that tests/e2e/crates and log_report were written against.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1

kik list --all | grep -Eq '(^| )e2e ' || kik create e2e
for crate in regex==1.13.2 semver==1.0.28 url==2.5.8 sha2==0.11.1 walkdir==2.5.0; do
    kik path "${crate%%==*}" >/dev/null 2>&1 || LIMIT=900 run 0 kik rinstall "$crate"
done
LIMIT=600 run 0 kik rinstall --path "$ROOT/examples/plugin_hello"
LIMIT=600 run 0 kik rinstall --path "$E2E_SOURCE/fixtures/shapes"

kik list --json >list.json
for crate in regex semver url sha2 walkdir plugin_hello shapes; do
    grep -q "\"crate\": \"$crate\"" list.json || failed "$crate is not in kik list --json"
done
