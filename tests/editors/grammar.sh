# grammar_test.js with the engine that set_up.sh has installed; skipped where there is no node or npm.
set -euo pipefail
: "${EDITORS_BUILD:?}"
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if [[ ! -d "$EDITORS_BUILD/npm/node_modules/vscode-textmate" ]]; then
    echo "skipped: the editor's grammar engine needs node and npm (apt-get install nodejs npm), and a package registry"
    exit 77
fi
exec node "$folder/grammar_test.js" "$EDITORS_BUILD/npm/node_modules" "$@"
