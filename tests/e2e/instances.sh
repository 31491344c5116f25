# Generic items of a crate: the compiler names the command that makes a missing instance, and the command works as it
# stands; what was made is in the lock, and another environment gets it from there.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
export KAYTON_HOME="$WORK/home"
unset KAYTON_ACTIVE_ENV
mkdir -p crate/src
printf '[package]\nname = "choices"\nversion = "0.1.0"\nedition = "2021"\n' >crate/Cargo.toml
cp "$E2E_SOURCE/fixtures/instances.rs" crate/src/lib.rs
run 0 kik create demo
export KAYTON_ACTIVE_ENV=demo
run 0 kik lock
sed -i 's/^name = .*/name = "demo"/' kayton.toml
LIMIT=300 run 0 kik rinstall --path crate

# paste: runs the command that the last error named.
paste() {
    local line
    line="$(sed -n 's/^ *= help: Run: //p' err)"
    [[ "$line" == "kik instantiate choices "* ]] || failed "no command to paste"
    LIMIT=300 run 0 bash -c "$line"
}
printf 'rimport choices\nprint(choices.show(["a", "b"]))\n' >show.kay
run 1 kayton run show.kay
err_has "\`choices.show\` has no instance for these types"
err_has "it is fn show<T: Send + Debug + 'static>(value: T) -> String"
paste
run 0 kayton run show.kay
out_is '["a", "b"]'

printf 'rimport choices\np: choices.Pair[bool] = choices.Pair(True, False)\nprint(p, p.largest())\n' >pair.kay
run 1 kayton run pair.kay
err_has "there is [int], [float]"
paste
run 0 kayton run pair.kay
out_is 'Pair { first: true, second: false } True'

printf 'rimport choices\nprint(choices.Pair(1, 2).with(choices.Pair(1.5, 2.5)))\n' >with.kay
run 1 kayton run with.kay
err_has "Run: kik instantiate choices 'Pair.with[Pair_f64]'"
paste
run 0 kayton run with.kay
out_is 'Pair { first: 1.5, second: 2.5 }'
# What was there means what it meant.
printf 'rimport choices\nprint(choices.show(1), choices.Pair(1, 2).largest(), choices.Pair(1.5, 2.5).largest())\n' >before.kay
run 0 kayton run before.kay
out_is '1 2 2.5'

run 0 kik instantiate choices
out_is "show[list[str]]
Pair[bool]
Pair.with[Pair_f64]"
run 0 kik instantiate choices 'choices.show[ list[str] ]'
err_has "nothing to do"
grep -qF 'instances = ["show[list[str]]", "Pair[bool]", "Pair.with[Pair_f64]"]' kayton.toml || failed "not in kayton.toml"
grep -qF '"Pair[bool]"' kayton.lock || failed "not in kayton.lock"
run 0 kik sync --check
run 0 kik export -o demo.lock
LIMIT=300 run 0 kik import demo.lock -n copy
cmp "$KAYTON_HOME"/envs/{demo,copy}/libs/choices/0.1.0/*/plugin.so 2>/dev/null ||
    cmp "$(kik path choices)/plugin.so" "$(kik run -e copy -- kik path choices)/plugin.so" || failed "the lock gave other bytes"
run 0 kik run -e copy -- kayton run pair.kay
# Installing again, or what else builds it anew, keeps them.
LIMIT=300 run 0 kik rinstall --path crate
run 0 kayton run pair.kay

# What cannot be made says why, and changes nothing.
LIMIT=300 run 1 kik instantiate choices 'hash[str]'
err_has "\`hash[str]\` of \`choices\` cannot be made: rustc: E0277"
err_has "\`demo\` was left unchanged"
run 1 kik instantiate choices 'nothing[str]'
err_has "has no generic item of that name"
run 1 kik instantiate choices 'Pair[int, int]'
err_has "has only 1 parameters"
run 1 kik instantiate choices 'Pair[bool'
err_has "at its end there should be \`]\`"
run 1 kik instantiate absent 'Pair[bool]'
err_has "run \`kik rinstall absent\`"
# A program that no instance can help is not sent to make one.
printf 'rimport choices\nprint(choices.show(1, 2))\n' >wrong.kay
run 1 kayton run wrong.kay
! grep -q instantiate err || failed "named a command that cannot help"

LIMIT=300 run 0 kik instantiate choices 'Pair[bool]' --remove
run 1 kayton run pair.kay
run 0 kik rollback
run 0 kayton run pair.kay
