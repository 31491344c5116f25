# At least 60 % of a crate's own functions are importable with no per-crate code, and each that is not says why.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1

for crate in regex semver url sha2 walkdir; do
    run 0 kik info "$crate" --json
    python3 - "$crate" out <<'PYTHON' || failed "coverage of $crate"
import json, sys
crate, path = sys.argv[1:]
info = json.load(open(path))
share = info["own_importable"] / info["own_functions"]
print(f"{crate} {info['version']}: {info['own_importable']} of {info['own_functions']} own functions ({share:.0%})", file=sys.stderr)
unexplained = [s["item"] for s in info["skipped"] if not s["reason"].strip()]
if unexplained:
    sys.exit(f"skipped without a reason: {unexplained[:5]}")
if info["own_functions"] < 3 or share < 0.6:
    sys.exit("below 60 %")
PYTHON
done
