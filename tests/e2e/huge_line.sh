# A line of 1 GB: refused with an error, without eating the machine's memory.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
unset KAYTON_ACTIVE_ENV
free_kib="$(df --output=avail -k . | tail -n 1)"
((free_kib > 2000000)) || { echo "skipped: less than 2 GB free in $WORK"; exit 77; }
{ printf 'x = "'; head -c 1000000000 /dev/zero | tr '\0' 'x'; printf '"\n'; } >line.kay
for command in run check; do
    status=0
    # 4 GiB of address space beside the file: reading it is allowed, a copy for every phase is not.
    (ulimit -v 6000000; timeout --kill-after=5 120 kayton "$command" line.kay >out 2>err </dev/null) || status=$?
    [[ "$status" == 1 || "$status" == 2 ]] || failed "kayton $command ended with status $status"
    cat out err >all
    grep -q line.kay all || failed "the error does not name the file"
    [[ "$(wc -c <all)" -lt 100000 ]] || failed "$(wc -c <all) bytes of error"
done
no_workers
