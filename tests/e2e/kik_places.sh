# Where kik may have to live: no home, one that cannot be written, a full disk, files of root, another file system than the
# temporary folder's. Each says what is wrong and what to do; nothing is lost.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
mkdir filled
cp -r "$KAYTON_HOME/envs" filled
printf 'rimport semver\nprint(semver.Version(1, 2, 3))\n' >version.kay

# small_disk SIZE SCRIPT: on a file system of that size at ./disk, with a filled home; TMPDIR stays on this one.
small_disk() {
    mkdir -p disk
    LIMIT=120 run 0 unshare --mount --map-root-user bash -c '
        set -euo pipefail
        mount -t tmpfs -o size="$0" tmpfs disk
        cp -r filled disk/home
        export KAYTON_HOME="$PWD/disk/home"
        says() { grep -qF -- "$1" said || { echo "expected: $1"; cat said; exit 1; } >&2; }
        # all_refused REASON REMEDY COMMAND...: each command of kik fails and says both.
        all_refused() {
            local reason="$1" remedy="$2" command
            shift 2
            for command in "$@"; do
                ! kik $command >said 2>&1 || { echo "kik $command did not fail" >&2; exit 1; }
                says "$reason"
                says "$remedy"
            done
        }
        '"$2" "$1"
}
size=$(($(du -sm filled | cut -f1) + 30))
if unshare --mount --map-root-user true 2>/dev/null; then
    # What cannot be done says why; what is there is used; an environment can go, so that there is room again, and come back.
    small_disk "${size}m" '
        before="$(kik list --json)"
        dd if=/dev/zero of=disk/full bs=4k 2>/dev/null || true
        all_refused "the disk is full: " "Make room on that disk, or set KAYTON_HOME" \
            "create x" "uninstall semver" "rename e2e other" "clone e2e other" "allow net"
        [[ "$(kik list --json)" == "$before" ]]
        [[ "$(kayton run version.kay)" == 1.2.3 ]]
        kik remove -y e2e
        rm disk/full
        kik trash restore e2e
        [[ "$(kik list --json)" == "$before" ]]
        [[ -z "$(find disk/home -name ".creating*" -o -name "*.new")" ]]'
    small_disk "${size}m" '
        before="$(kik list --json)"
        mount -o remount,ro,bind disk
        all_refused "Read-only file system" "set KAYTON_HOME to a folder that can be written" \
            "create x" "uninstall semver" "rename e2e other" "clone e2e other" "allow net" "remove -y e2e"
        [[ "$(kik list --json)" == "$before" ]]
        [[ "$(kayton run version.kay)" == 1.2.3 ]]
        kik doctor >said 2>&1
        says "cannot be written: crates run, but none can be installed"'
else
    echo "Skipped: this user cannot mount"
fi

if can_be_other; then
    # A user without a home, as in some containers.
    as_other 1 env -u HOME -u KAYTON_HOME -u XDG_DATA_HOME kik create demo
    err_has "neither KAYTON_HOME nor HOME is set, and the user has no home"
    err_has "KAYTON_HOME to a folder of yours"

    # What a `sudo kik` left: everything works that only reads, and the doctor names the command that gives it back.
    export KAYTON_HOME="$WORK/other/home" KAYTON_ACTIVE_ENV=demo
    as_other 0 kik create demo
    cp -r filled/envs/e2e/{libs,metadata,toolchain} "$KAYTON_HOME/envs/demo"
    sed -i 's/"e2e"/"demo"/' "$KAYTON_HOME/envs/demo/metadata/env.json"
    as_other 0 kayton run version.kay
    out_is 1.2.3
    as_other 1 kik uninstall semver
    err_has "belongs to another user, perhaps left by a \`sudo kik\`"
    err_has "\`demo\` was left unchanged"
    as_other 1 kik doctor
    cat out err >both
    give_back="$(sed -n "s/.*run \`sudo \(chown -R $OTHER [^\`]*\)\`.*/\1/p" both | head -1)"
    [[ -n "$give_back" ]] || failed "the doctor names no command"
    bash -c "$give_back"
    as_other 0 kik uninstall semver

    # A registry that even its owner may not read.
    chmod 000 "$KAYTON_HOME/envs/demo/metadata/registry.json"
    for command in list "rinstall heck" doctor; do
        as_other 1 kik $command
        cat out err >both
        grep -qF "chmod u+r '$KAYTON_HOME/envs/demo/metadata/registry.json'" both || failed "no command that mends it"
    done
    chmod 644 "$KAYTON_HOME/envs/demo/metadata/registry.json"
    as_other 0 kik list
fi

# A clock that was wrong when something was installed, or is now: nothing depends on it.
export KAYTON_HOME="$WORK/filled" KAYTON_ACTIVE_ENV=e2e
sed -i 's/"time": "[0-9]*/"time": "2093/' "$KAYTON_HOME/envs/e2e/metadata/registry.json"
touch -d 2093-01-01 "$KAYTON_HOME/envs/e2e/metadata/registry.json"
run 0 kik doctor
grep -qF "this machine's clock is wrong" out err || failed "the doctor does not see the clock"
run 0 kik uninstall semver
run 0 kik history
run 0 kik rollback
run 0 kayton run version.kay
out_is 1.2.3
