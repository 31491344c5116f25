# Registries other than the default, one that asks for a token among them, and git repositories: all as cargo's own
# configuration says. Everything is on this machine.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
command -v git >/dev/null || exit 77
# The toolchain's cargo is found through rustup's home, whatever cargo's home is.
export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
export KAYTON_HOME="$WORK/home" CARGO_HOME="$WORK/cargo home"
unset KAYTON_ACTIVE_ENV
SERVER=
trap '[[ -z "$SERVER" ]] || kill "$SERVER"; rm -rf "$WORK"' EXIT
mkdir -p served "$CARGO_HOME"

# publish NAME VERSION BODY [BUILD SCRIPT]
publish() {
    local folder="$1-$2" build="${4:-}"
    mkdir -p "$folder/src"
    printf '[package]\nname = "%s"\nversion = "%s"\nedition = "2021"\nlicense = "MIT"\n' "$1" "$2" >"$folder/Cargo.toml"
    printf '%s\n' "$3" >"$folder/src/lib.rs"
    [[ -z "$build" ]] || printf '%s\n' "$build" >"$folder/build.rs"
    tar -czf "served/$folder.crate" "$folder"
    printf '{"name":"%s","vers":"%s","deps":[],"cksum":"%s","features":{},"yanked":false}\n' \
        "$1" "$2" "$(sha256sum "served/$folder.crate" | cut -d' ' -f1)" >>"served/$1"
}
publish inner-sums 0.1.0 'pub fn add(a: i64, b: i64) -> i64 { a + b }
pub fn token() -> &'"'"'static str { env!("SEEN") }' 'fn main() {
    let stored = std::env::var("HOME_OF_CARGO").unwrap_or_default() + "/credentials.toml";
    let named = std::env::vars().any(|(name, value)| name.contains("TOKEN") || value.contains(concat!("ses", "ame")));
    println!("cargo:rustc-env=SEEN={}", if named || std::fs::read(stored).is_ok() { "seen" } else { "not seen" });
}'
"${PYTHON:?}" "$E2E_SOURCE/registry_server.py" served sesame &
SERVER=$!
for _ in $(seq 100); do [[ ! -s served/port ]] || break; sleep 0.1; done
PORT="$(<served/port)"
printf '[registries.company]\nindex = "sparse+http://127.0.0.1:%s/index/"\ncredential-provider = ["cargo:token"]\n' "$PORT" >"$CARGO_HOME/config.toml"
printf 'rimport inner_sums\nprint(inner_sums.add(2, 3), inner_sums.token())\n' >sum.kay

run 0 kik create demo
export KAYTON_ACTIVE_ENV=demo
# No token, a wrong one, and no registry of that name: each says what is wrong, and the command that mends it.
run 1 kik rinstall inner-sums --registry company
err_has "the registry \`company\` wants a token"
err_has "run \`cargo login --registry company\`"
CARGO_REGISTRIES_COMPANY_TOKEN=wrong run 1 kik rinstall inner-sums --registry company
err_has "the registry \`company\` refuses the token"
run 1 kik rinstall inner-sums --registry firm
err_has "cargo's configuration has no registry \`firm\`"
[[ -z "$(kik list --names crates)" ]] || failed "something was installed"

# The token is where `cargo login` puts it; the crate's build script does not see it.
printf '[registries.company]\ntoken = "sesame"\n' >"$CARGO_HOME/credentials.toml"
HOME_OF_CARGO="$CARGO_HOME" CARGO_REGISTRIES_OTHER_TOKEN=sesame LIMIT=300 run 0 kik rinstall inner-sums --registry company
run 0 kayton run sum.kay
out_is '5 not seen'
grep -q '^download inner-sums-0.1.0.crate$' served/log || failed "it did not come from the registry"
run 1 kik rinstall inner-somes --registry company
err_has "\`inner-somes\` was not found in the registry \`company\`"

# The project's files say which registry, never the token; another environment gets it from them, without the network too.
mkdir project
cd project
run 0 kik lock
grep -qF 'inner-sums = { version = "*", registry = "company" }' kayton.toml || failed "kayton.toml"
! grep -rqI sesame . "$KAYTON_HOME" || failed "the token was written down"
run 0 kik create other
LIMIT=300 run 0 kik run -e other -- kik sync --offline
run 0 kik run -e other -- kayton run ../sum.kay
out_is '5 not seen'

# What is new there is seen; the default registry is not asked for the private crate.
cd "$WORK"
publish inner-sums 0.2.0 'pub fn add(a: i64, b: i64) -> i64 { a + b + 1 }
pub fn token() -> i64 { 0 }'
run 0 kik outdated
grep -q '^inner_sums  0.1.0  fits \*: 0.2.0' out || failed "kik outdated"
LIMIT=300 run 0 kik upgrade
! grep -q 'can read the token' err || failed "a token was seen where none is"
run 0 kayton run sum.kay
out_is '6 0'
rm "$CARGO_HOME/credentials.toml"
run 1 kik outdated
err_has "run \`cargo login --registry company\`"

# Sources that have been changed since the lock are refused.
cd project
printf '[registries.company]\ntoken = "sesame"\n' >"$CARGO_HOME/credentials.toml"
run 0 kik lock
cd "$WORK"
kill "$SERVER"
wait "$SERVER" 2>/dev/null || true
SERVER=
run 1 kik rinstall inner-sums==0.3.0 --registry company
err_has "cannot reach the registry \`company\`"

# Cargo itself needs its configuration, so a token that stands there is told.
cp "$CARGO_HOME/config.toml" plain.toml
printf 'token = "sesame"\n' >>"$CARGO_HOME/config.toml"
mkdir -p local-sums/src
printf '[package]\nname = "local-sums"\nversion = "0.1.0"\nedition = "2021"\n' >local-sums/Cargo.toml
printf 'pub fn add(a: i64, b: i64) -> i64 { a + b }\n' >local-sums/src/lib.rs
LIMIT=300 run 0 kik rinstall --path local-sums
err_has "build scripts of crates can read the token in \`$CARGO_HOME/config.toml\`"
cp plain.toml "$CARGO_HOME/config.toml"

# A git repository: a tag, a branch and a commit.
mkdir repository
tar -xzf served/inner-sums-0.2.0.crate --strip-components=1 -C repository
sed -i 's/inner-sums/git-sums/' repository/Cargo.toml
(cd repository && git init -q -b main && git add . && git -c user.name=a -c user.email=a@b commit -qm one && git tag v1 &&
    sed -i 's/+ 1/+ 2/' src/lib.rs && git -c user.name=a -c user.email=a@b commit -qam two)
printf 'rimport git_sums\nprint(git_sums.add(2, 3))\n' >git.kay
LIMIT=300 run 0 kik rinstall git-sums --git "file://$WORK/repository" --tag v1
run 0 kayton run git.kay
out_is 6
LIMIT=300 run 0 kik rinstall git-sums --git "file://$WORK/repository" --branch main
run 0 kayton run git.kay
out_is 7
LIMIT=300 run 0 kik rinstall git-sums --git "file://$WORK/repository" --rev "$(git -C repository rev-parse v1)"
run 0 kayton run git.kay
out_is 6
run 0 kik export -o all.lock
grep -q '^source = "git+file://' all.lock || failed "the lock names no repository"
LIMIT=300 run 0 kik import all.lock -n third --offline
run 0 kik run -e third -- kayton run git.kay
out_is 6
run 1 kik rinstall git-sums --git "file://$WORK/repository" --tag v9
err_has "cannot get \`git-sums\` from"
