# Makes what the tests of the kernel share: a Python environment with Jupyter's client and Kayton's package for it, and the
# kernelspec, installed as a person installs it. ctest gives KERNEL_BUILD, PYTHON, ROOT and kik on the PATH.
set -euo pipefail
: "${KERNEL_BUILD:?}" "${PYTHON:?}" "${KAYTON_HOME:?}" "${ROOT:?}"
folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="$KERNEL_BUILD/venv/bin/python"
stamp="$KERNEL_BUILD/venv/made-for"
if [[ ! -f "$stamp" ]] || ! cmp -s "$stamp" "$folder/requirements.txt"; then
    rm -rf "$KERNEL_BUILD/venv"
    "$PYTHON" -m venv "$KERNEL_BUILD/venv"
    "$python" -m pip install --quiet --disable-pip-version-check -r "$folder/requirements.txt"
    cp "$folder/requirements.txt" "$stamp"
fi
# The package is built in a copy: the source tree stays as it is.
package="$KERNEL_BUILD/package"
if ! diff -qr "$ROOT/kernel/python" "$package" >"$KERNEL_BUILD/package.diff" 2>&1; then
    rm -rf "$package" "$KERNEL_BUILD/package-build"
    cp -r "$ROOT/kernel/python" "$KERNEL_BUILD/package-build"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$KERNEL_BUILD/package-build"
    cp -r "$ROOT/kernel/python" "$package"
fi
kik kernel install --prefix "$KERNEL_BUILD/venv"
