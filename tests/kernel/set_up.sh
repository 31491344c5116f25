# Makes what the tests of the kernel share: a Python environment with Jupyter's client, and the kernelspec, installed as
# a person installs it. ctest gives KERNEL_BUILD, PYTHON and kik on the PATH.
set -euo pipefail
: "${KERNEL_BUILD:?}" "${PYTHON:?}" "${KAYTON_HOME:?}"
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
stamp="$KERNEL_BUILD/venv/made-for"
if [[ ! -f "$stamp" ]] || ! cmp -s "$stamp" "$folder/requirements.txt"; then
    rm -rf "$KERNEL_BUILD/venv"
    "$PYTHON" -m venv "$KERNEL_BUILD/venv"
    "$KERNEL_BUILD/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$folder/requirements.txt"
    cp "$folder/requirements.txt" "$stamp"
fi
kik kernel install --prefix "$KERNEL_BUILD/venv"
