# crate.sh NAME: tests/e2e/crates/NAME.kay prints NAME.out.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
run 0 kayton run "$E2E_SOURCE/crates/$1.kay"
diff -u "$E2E_SOURCE/crates/$1.out" out || failed "crates/$1.kay printed something else"
silent_err
no_workers
