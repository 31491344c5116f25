# Files that are no programs: a clear error, status 1 or 2, in bounded time, nothing left behind.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
unset KAYTON_ACTIVE_ENV

# bad COMMAND FILE TEXT: `kayton COMMAND FILE` ends with 1 or 2, prints nothing, names the file and says TEXT.
bad() {
    local status=0
    timeout --kill-after=5 "${LIMIT:-60}" kayton "$1" "$2" >out 2>err </dev/null || status=$?
    [[ "$status" == 1 || "$status" == 2 ]] || failed "kayton $1 $2 ended with status $status"
    [[ ! -s out || "$1" == check ]] || failed "kayton $1 $2 printed something"
    cat out err >all
    grep -qiE -- "$3" all || { mv all err; failed "kayton $1 $2: expected an error that says $3"; }
    grep -qF -- "$(basename "$2")" all || failed "kayton $1 $2: the error does not name the file"
    # An error is for a person: no screen after screen of it, whatever the input.
    [[ "$(wc -c <all)" -lt 100000 ]] || failed "kayton $1 $2: $(wc -c <all) bytes of error"
}

both() {
    bad run "$@"
    bad check "$@"
}

both absent.kay "no such file"
mkdir folder.kay
bad run folder.kay "directory"
bad check folder.kay "no .kay file"
printf 'name = "caf\xe9"\nprint(name)\n' >latin1.kay
both latin1.kay "UTF-8"
head -c 3000 /dev/urandom >random.kay
both random.kay "."
printf 'if True:\n\tx = 1\n        y = 2\n' >tabs.kay
both tabs.kay "tab|indent"
printf 'x = 1\0\nprint(x)\n' >nul.kay
both nul.kay "."
head -c 10000000 /dev/zero | tr '\0' '(' >brackets.kay
both brackets.kay "nest|deep|bracket"
awk 'BEGIN { for (i = 0; i < 100000; i++) { printf "%*sif True:\n", i % 4000, ""; if (i % 4000 == 3999) exit } }' >shallow.kay
both shallow.kay "nest|deep|indent"
python3 - <<'PYTHON'
# 100,000 nested blocks: one more space a line is 5 GB, so blocks follow each other on one line where they can.
with open("blocks.kay", "w") as f:
    for i in range(100_000):
        f.write(" " * min(i, 1000) + "if True:\n")
with open("operators.kay", "w") as f:
    f.write("x = " + "-" * 200_000 + "1\n")
with open("attributes.kay", "w") as f:
    f.write("x = 1\nx" + ".a" * 200_000 + "\n")
with open("elif.kay", "w") as f:
    f.write("x = 1\nif x == 0:\n    pass\n" + "".join(f"elif x == {i}:\n    pass\n" for i in range(20_000)) + "else:\n    y +\n")
PYTHON
both blocks.kay "nest|deep|indent"
both operators.kay "nest|deep"
both attributes.kay "."
both elif.kay "."

# Empty programs are programs.
: >empty.kay
run 0 kayton run empty.kay
run 0 kayton check empty.kay
printf '# only a comment' >comment.kay
run 0 kayton run comment.kay
printf '\xef\xbb\xbfprint("after a byte order mark")\r\n' >bom.kay
run 0 kayton run bom.kay
out_is "after a byte order mark"
printf 'print("no newline at the end")' >open_end.kay
run 0 kayton run open_end.kay
out_is "no newline at the end"

# A command line that makes no sense.
run 2 kayton
run 2 kayton frobnicate
run 2 kayton run
no_workers
