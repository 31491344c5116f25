# kik's commands over whole environments and projects, as a person types them. The crate is a small one of this machine,
# so that nothing is downloaded; only the last part takes one from the registry.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
export KAYTON_HOME="$WORK/home with 'quotes' ü"
unset KAYTON_ACTIVE_ENV
mkdir -p crate/src
printf '[package]\nname = "tiny-sums"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n' >crate/Cargo.toml
printf '/// Adds.\npub fn add(a: i64, b: i64) -> i64 { a + b }\n' >crate/src/lib.rs
printf 'rimport tiny_sums\nprint(tiny_sums.add(2, 3))\n' >sum.kay

crates() { kik list --names crates "$@" | tr '\n' ' '; }

run 0 kik create demo --json
grep -q '"name": "demo"' out || failed "create --json"
export KAYTON_ACTIVE_ENV=demo
LIMIT=300 run 0 kik rinstall --path crate
err_has " + tiny_sums 0.1.0"
run 0 kayton run sum.kay
out_is 5
run 0 kik run -e demo -- kayton run sum.kay
out_is 5
run 7 kik run -- sh -c 'exit 7'
run 0 kik run -e demo printf '%s,' a -- -e b
out_is 'a,--,-e,b,'
run 0 kik run -- printf '%s,' -- a -- b
out_is '--,a,--,b,'
run 143 kik run -- sh -c 'kill -TERM $$'

# History and rollback.
run 0 kik uninstall tiny-sums
run 1 kik uninstall tiny_sums
err_has "is not installed in \`demo\`"
run 0 kik rollback
[[ "$(crates)" == "tiny_sums " ]] || failed "rollback"
run 0 kayton run sum.kay
run 0 kik rollback 0
[[ -z "$(crates)" ]] || failed "rollback 0"
run 0 kik rollback 1
run 1 kik rollback 77
run 0 kik history --json
grep -q '"present": true' out || failed "history --json"

# A plugin that was changed on disk is refused, told of and mended.
so="$(kik path tiny_sums)/plugin.so"
cp "$so" whole.so
printf 'x' | dd of="$so" bs=1 seek=2000 conv=notrunc 2>/dev/null
run 1 kayton run sum.kay
err_has "was changed on disk after it was installed"
err_has "kik doctor --fix"
run 1 kik doctor
grep -q 'plugin.so was changed on disk' out || failed "doctor does not see it"
LIMIT=300 run 0 kik doctor --fix
run 0 kayton run sum.kay
out_is 5
cmp -s "$so" whole.so || failed "the same sources gave other bytes"

# A registry that is gone is found out, and made again from what lies there.
rm "$KAYTON_HOME/envs/demo/metadata/registry.json"
run 1 kik list
err_has "it is missing"
run 0 kik repair
[[ "$(crates)" == "tiny_sums " ]] || failed "repair"
printf '{"format": 99}' >"$KAYTON_HOME/envs/demo/metadata/registry.json"
run 1 kik list
err_has "has format 99"
run 1 kik doctor --fix
grep -q 99 "$KAYTON_HOME/envs/demo/metadata/registry.json" || failed "a newer registry was overwritten"
mv "$KAYTON_HOME/envs/demo/metadata/registry.json.broken" "$KAYTON_HOME/envs/demo/metadata/registry.json" 2>/dev/null ||
    rm "$KAYTON_HOME/envs/demo/metadata/registry.json"
run 0 kik repair
run 0 kik doctor

# The environment's record, damaged and of a newer Kayton.
record="$KAYTON_HOME/envs/demo/metadata/env.json"
cp "$record" record.json
for text in '' '{' '[]'; do
    printf '%s' "$text" >"$record"
    run 1 kik list
    err_has 'env.json` is corrupt'
    err_has 'hint: run `kik doctor --fix`'
    run 0 kik doctor --fix
    run 0 kik list
done
printf '{"format": 77}' >"$record"
run 1 kik list
err_has 'has format 77'
run 1 kik doctor --fix
grep -q 77 "$record" || failed "a newer record was overwritten"
cp record.json "$record"

# Projects: lock, sync, export, import.
mkdir project
cd project
run 0 kik lock
grep -q '^tiny-sums = { path = "../crate" }' kayton.toml || failed "kayton.toml: $(<kayton.toml)"
grep -q 'name = "tiny_sums"' kayton.lock || failed kayton.lock
run 0 kik sync --check
run 0 kik uninstall tiny-sums
if grep -q tiny-sums kayton.toml; then failed "uninstall does not follow in kayton.toml"; fi
printf '\n[crates]\ntiny-sums = { path = "../crate" }\n' >kayton.toml
run 1 kik sync --check
run 1 kik sync --locked
LIMIT=300 run 0 kik sync
run 0 kik sync --check
run 0 kik sync
err_has "nothing to do"
printf '\n[crates]\ntiny-sums = { paht = "../crate" }\n' >wrong.toml
run 1 kik import wrong.toml -n wrong
err_has "wrong.toml:3: \`paht\` is nothing that a crate has"
run 0 kik export -o ../demo.lock
cd ..
LIMIT=300 run 0 kik import demo.lock -n copy
[[ "$(crates -e copy)" == "tiny_sums " ]] || failed import
cmp -s "$(kik path tiny_sums)/plugin.so" "$(kik path tiny_sums -e copy)/plugin.so" || failed "the same lock gave other bytes"
run 1 kik import demo.lock -n copy

# Whole environments.
run 0 kik clone demo twin
run 0 kik rename twin other
[[ "$(crates -e other)" == "tiny_sums " ]] || failed "clone and rename"
run 1 kik remove other
err_has "kik remove -y other"
run 0 kik remove -y other
run 1 kik path -e other
run 0 kik trash restore other
run 0 kik doctor -e other
mkdir data && touch data/precious
run 1 kik remove data
err_has "\`./data\` is not a Kayton environment (no \`metadata/env.json\`)"
[[ -e data/precious ]] || failed "remove removed what is no environment"

# Packed, and unpacked under another home.
run 0 kik pack demo -o demo.kpack
(export KAYTON_HOME="$WORK/elsewhere" KAYTON_ACTIVE_ENV=moved
    kik unpack demo.kpack -n moved 2>err && PATH="${PATH%%:*}:/usr/bin:/bin" kayton run sum.kay >out) || failed unpack
out_is 5
head -c 1000 demo.kpack >short.kpack
run 1 kik unpack short.kpack -n short
err_has "is not a whole archive"
run 1 kik path -e short

# What is known about the packages.
run 0 kik tree
out_is "tiny-sums 0.1.0"
run 0 kik licenses
grep -q '^MIT' out || failed licenses
mkdir -p db/crates/tiny-sums
printf '```toml\n[advisory]\nid = "RUSTSEC-2026-0001"\npackage = "tiny-sums"\n\n[versions]\npatched = [">= 0.2"]\n```\n\n# It adds wrongly\n' \
    >db/crates/tiny-sums/RUSTSEC-2026-0001.md
run 1 kik audit --db db --offline --json
grep -q '"id": "RUSTSEC-2026-0001"' out || failed audit
silent_err
run 1 kik log nothing

# Every command has help with examples, and a manual page.
for command in $(kik completions bash | sed -n 's/^        \([a-z-]*\))$/\1/p'); do
    run 0 kik "$command" --help
    grep -q '^Examples:' out || failed "kik $command --help has no examples"
done
run 0 kik man-pages pages
[[ -s pages/kik-rinstall.1 && -s pages/kik.1 ]] || failed "man pages"

# From a git repository, confined: neither the network nor cargo's store of repositories is needed to build.
if command -v git >/dev/null; then
    cp -r crate repository
    rm -rf repository/target
    (cd repository && git init -q . && git add -A && git -c user.email=a@b -c user.name=n commit -qm one && git tag v1)
    run 0 kik create from_git
    export KAYTON_ACTIVE_ENV=from_git CARGO_HOME="$WORK/cargo home"
    LIMIT=300 run 0 kik rinstall tiny-sums --git "file://$WORK/repository" --tag v1
    run 0 kayton run sum.kay
    out_is 5
    run 1 kik rinstall tiny-sums --git "file://$WORK/repository" --tag v9
    err_has 'Caused by: failed to find tag `v9`'
    run 1 kik rinstall other --git "file://$WORK/repository"
    err_has 'it holds no such crate'

    # A lock of it is met from what was vendored; where nothing was, the log that the error names is there.
    run 0 kik export -o git.lock
    rm -rf "$KAYTON_HOME"/cache/*/plugins "$KAYTON_HOME"/cache/*/requests
    CARGO_HOME="$WORK/empty git store" LIMIT=300 run 0 kik --offline import git.lock -n from_lock
    KAYTON_ACTIVE_ENV=from_lock run 0 kayton run sum.kay
    out_is 5
    KAYTON_HOME="$WORK/nothing there" CARGO_HOME="$WORK/empty git store" LIMIT=300 run 1 kik --offline import git.lock -n nothing
    log="$(sed -n 's/^  log: //p' err)"
    [[ -s "$log" ]] || failed "the error names no log"
fi

# What one environment vendored is enough to build the same lock for another: without the network, cargo's store and the cache;
# and in another home the same lock gives the same bytes. The crate comes from where install_crates.sh has it.
run 0 kik create first
export KAYTON_ACTIVE_ENV=first
unset CARGO_HOME
LIMIT=300 run 0 kik rinstall semver==1.0.28
run 0 kik export -o semver.lock
built="$(kik path semver)/plugin.so"
rm -rf "$KAYTON_HOME"/cache/*/plugins "$KAYTON_HOME"/cache/*/requests
mkdir "empty store"
CARGO_HOME="$WORK/empty store" LIMIT=300 run 0 kik --offline import semver.lock -n second
cmp -s "$built" "$(kik path semver -e second)/plugin.so" || failed "vendored sources gave other bytes"
KAYTON_HOME="$WORK/another home" LIMIT=300 run 0 kik import semver.lock -n first
cmp -s "$built" "$(KAYTON_HOME="$WORK/another home" kik path semver)/plugin.so" || failed "another home gave other bytes"
