# Tracebacks of uncaught exceptions, against CPython's own.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1
"${PYTHON:-python3}" "$E2E_SOURCE/tracebacks.py" || failed "a traceback differs"
