# kayton repl on a terminal.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
timeout 280 python3 "$E2E_SOURCE/repl_terminal.py" || failed "the conversation"
no_workers
