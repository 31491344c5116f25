# What users of one machine share: finished builds, in a folder that an administrator made for them.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
unset KAYTON_ACTIVE_ENV
export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" KAYTON_SHARED_CACHE="$WORK/shared cache"

# One that is not there, and one where anybody could put code, are refused with what to do.
KAYTON_HOME="$WORK/first" run 1 kik rinstall strsim
err_has "KAYTON_SHARED_CACHE \`$WORK/shared cache\` is not a folder"
err_has "mkdir -p '$KAYTON_SHARED_CACHE'"
mkdir -m 2777 "$KAYTON_SHARED_CACHE"
KAYTON_HOME="$WORK/first" run 1 kik rinstall strsim
err_has "is not safe: every user can put code there"
err_has "chmod o-w '$KAYTON_SHARED_CACHE'"
chmod 2775 "$KAYTON_SHARED_CACHE"

# Two users at once build a crate once, whatever the umask of who builds it.
(umask 077 && KAYTON_HOME="$WORK/first" kik rinstall strsim 2>first.err) &
FIRST=$!
KAYTON_HOME="$WORK/second" LIMIT=300 run 0 kik rinstall strsim
wait "$FIRST" || failed "$(<first.err)"
[[ "$(cat first.err err | grep -c '^Built strsim')" == 1 ]] || failed "built twice: $(cat first.err err)"
[[ -z "$(find "$KAYTON_SHARED_CACHE" -type f ! -path '*/locks/*' ! -perm -0444)" ]] || failed "others cannot read all of it"
[[ -z "$(find "$KAYTON_SHARED_CACHE" -type f ! -path '*/locks/*' -perm /0022)" ]] || failed "others can change a file in place"
[[ -z "$(find "$KAYTON_SHARED_CACHE" -type d ! -perm -2775)" ]] || failed "others cannot add to all of it"
[[ -z "$(find "$KAYTON_SHARED_CACHE" -name '*.new*')" ]] || failed "something half-made lies there"
printf 'rimport strsim\nprint(strsim.levenshtein("kitten", "sitting"))\n' >distance.kay
for home in first second; do
    KAYTON_HOME="$WORK/$home" run 0 kayton run distance.kay
    out_is 3
done
KAYTON_HOME="$WORK/second" run 0 kik cache size
grep -q 'shared with other users' out || failed "its size is not shown"

# Without the right to write there it is read.
if can_be_other; then
    before="$(find "$KAYTON_SHARED_CACHE" -printf '%p %T@\n' | sort)"
    KAYTON_HOME="$WORK/other/third" as_other 0 kik rinstall strsim
    err_has "Found strsim"
    ! grep -q '^Built' err || failed "it was built again"
    KAYTON_HOME="$WORK/other/third" as_other 0 kayton run distance.kay
    out_is 3
    [[ "$before" == "$(find "$KAYTON_SHARED_CACHE" -printf '%p %T@\n' | sort)" ]] || failed "it was changed by who may not"
    [[ -z "$(find other/third ! -user "$OTHER")" ]] || failed "another user's file is linked"
fi

# What was changed there is not used, and made anew by who may.
printf x >>"$(find "$KAYTON_SHARED_CACHE" -path '*plugins*' -name plugin.so)"
KAYTON_HOME="$WORK/second" run 0 kik create fresh
KAYTON_HOME="$WORK/second" KAYTON_ACTIVE_ENV=fresh LIMIT=300 run 0 kik rinstall strsim
err_has "was changed on disk, so it is not used"
err_has "Built strsim"
KAYTON_HOME="$WORK/second" KAYTON_ACTIVE_ENV=fresh run 0 kayton run distance.kay
out_is 3
