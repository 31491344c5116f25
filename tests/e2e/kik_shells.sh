# Activation and completions in the real shells of this machine.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
export KAYTON_HOME="$WORK/a home's \$folder ü"
unset KAYTON_ACTIVE_ENV
kik create demo 2>/dev/null
kik create two 2>/dev/null
KIK="$(command -v kik)"
export KIK

# The same steps in bash and zsh: nested, with and without a prompt, a failure, and back to what was before.
cat >steps.sh <<'STEPS'
set -u
before="$PATH"
eval "$("$KIK" shell-init "$SHELL_NAME")"
PS1='$ '
kik activate demo || exit 11
[ "$KAYTON_ACTIVE_ENV" = demo ] || exit 12
[ "$PS1" = '(demo) $ ' ] || exit 13
[ "$(command -v kayton)" = "$KAYTON_HOME/envs/demo/bin/kayton" ] || exit 14
kik activate two || exit 15
[ "$PS1" = '(two) $ ' ] || exit 16
kik activate nothing 2>/dev/null && exit 17
[ "$KAYTON_ACTIVE_ENV" = two ] || exit 18
PATH="/added:$PATH"
kik deactivate || exit 19
[ "$PATH" = "/added:$before" ] || exit 20
[ "$PS1" = '$ ' ] || exit 21
[ -z "${KAYTON_ACTIVE_ENV-}" ] || exit 22
# A shell started where an environment is active goes back as well.
kik activate demo || exit 30
SHELL_NAME="$SHELL_NAME" "$SHELL_NAME" -c '
    PS1="# "
    eval "$("$KIK" shell-init "$SHELL_NAME")"
    [ "$PS1" = "(demo) # " ] || exit 1
    kik activate two || exit 2
    case ":$PATH:" in *:"$KAYTON_HOME/envs/demo/bin":*) exit 3 ;; esac
    kik deactivate || exit 4
    [ "$PATH" = "$1" ] || exit 5
    [ "$PS1" = "# " ] || exit 6' sub "/added:$before" || exit 31
kik deactivate
[ "$PATH" = "/added:$before" ] || exit 32
unset PS1
kik activate demo && kik deactivate || exit 23
mkdir -p "it's/deep" && cd "it's" && kik create local 2>/dev/null && cd deep || exit 24
kik activate local || exit 25
[ "$(kik path)" = "$(cd .. && pwd)/.kayton" ] || exit 26
kik list >/dev/null || exit 27
kik run -e demo -- sh -c 'exit 5'
[ $? = 5 ] || exit 28
STEPS
for shell in bash zsh; do
    command -v "$shell" >/dev/null || { echo "Skipped: $shell is not installed"; continue; }
    rm -rf "it's"
    SHELL_NAME="$shell" run 0 "$shell" steps.sh
    "$KIK" completions "$shell" >completion.sh
    run 0 "$shell" -n completion.sh
done

bash -c 'source completion.sh; eval "$(kik completions bash)"
    COMP_WORDS=(kik act) COMP_CWORD=1; _kik; [[ "${COMPREPLY[*]}" == activate ]] || exit 1
    COMP_WORDS=(kik activate t) COMP_CWORD=2; _kik; [[ "${COMPREPLY[*]}" == two ]] || exit 2
    COMP_WORDS=(kik rinstall --feat) COMP_CWORD=2; _kik; [[ "${COMPREPLY[*]}" == --features ]] || exit 3' 2>err ||
    failed "bash completions: status $?"

if command -v fish >/dev/null; then
    cat >steps.fish <<'STEPS'
set before (string join : $PATH)
$KIK shell-init fish | source
function fish_prompt; echo -n '$ '; end
kik activate demo; or exit 11
test "$KAYTON_ACTIVE_ENV" = demo; or exit 12
test (fish_prompt) = '(demo) $ '; or exit 13
test (command -s kayton) = "$KAYTON_HOME/envs/demo/bin/kayton"; or exit 14
kik activate two; or exit 15
test (fish_prompt) = '(two) $ '; or exit 16
kik activate nothing 2>/dev/null; and exit 17
kik deactivate; or exit 18
test (string join : $PATH) = $before; or exit 19
test (fish_prompt) = '$ '; or exit 20
set -q KAYTON_ACTIVE_ENV; and exit 21
$KIK completions fish | source; or exit 22
contains two (complete -C 'kik activate ' | string split -f1 \t); or exit 23
contains rinstall (complete -C 'kik rin' | string split -f1 \t); or exit 24
true
STEPS
    HOME="$WORK" run 0 fish steps.fish
else
    echo "Skipped: fish is not installed"
fi

if command -v pwsh >/dev/null; then
    cat >steps.ps1 <<'STEPS'
$before = $env:PATH
& $env:KIK shell-init powershell | Out-String | Invoke-Expression
function global:prompt { '$ ' }
kik activate demo
if ($env:KAYTON_ACTIVE_ENV -ne 'demo') { exit 12 }
if ((prompt) -ne '(demo) $ ') { exit 13 }
kik activate two
if ((prompt) -ne '(two) $ ') { exit 16 }
kik deactivate
if ($env:PATH -ne $before) { exit 19 }
if ((prompt) -ne '$ ') { exit 20 }
if ($env:KAYTON_ACTIVE_ENV) { exit 21 }
STEPS
    run 0 pwsh -NoProfile -File steps.ps1
else
    echo "Skipped: pwsh is not installed"
fi
# What PowerShell gets is at least quoted as it reads it.
run 0 kik activate demo --shell powershell
grep -qF "'$WORK/a home''s \$folder ü/envs/demo/bin'" out || failed "PowerShell's quoting"
