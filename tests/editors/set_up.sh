# Makes the Python environment that the tests of the language server share, in the build folder. ctest gives
# EDITORS_BUILD and PYTHON.
set -euo pipefail
: "${EDITORS_BUILD:?}" "${PYTHON:?}"
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
stamp="$EDITORS_BUILD/venv/made-for"
if [[ ! -f "$stamp" ]] || ! cmp -s "$stamp" "$folder/requirements.txt"; then
    rm -rf "$EDITORS_BUILD/venv"
    "$PYTHON" -m venv "$EDITORS_BUILD/venv"
    "$EDITORS_BUILD/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$folder/requirements.txt"
    cp "$folder/requirements.txt" "$stamp"
fi
# The grammar's engine, where npm is there; editors.grammar is skipped without it.
if command -v npm >/dev/null && command -v node >/dev/null; then
    mkdir -p "$EDITORS_BUILD/npm"
    if ! cmp -s "$folder/package.json" "$EDITORS_BUILD/npm/package.json" || [[ ! -d "$EDITORS_BUILD/npm/node_modules" ]]; then
        cp "$folder/package.json" "$EDITORS_BUILD/npm/package.json"
        (cd "$EDITORS_BUILD/npm" && npm install --silent --no-audit --no-fund --no-package-lock) ||
            rm -rf "$EDITORS_BUILD/npm"
    fi
fi
