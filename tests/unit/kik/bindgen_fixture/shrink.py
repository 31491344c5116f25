#!/usr/bin/env python3
"""Prints a rustdoc JSON file without the summaries that nothing in it names, spans and links."""
import json
import sys

document = json.load(open(sys.argv[1]))
named = set()


def walk(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "id" and isinstance(inner, int):
                named.add(str(inner))
            walk(inner)
    elif isinstance(value, list):
        for inner in value:
            walk(inner)


# Impls that every type has: rustdoc lists them for each.
blanket = {"Any", "Borrow", "BorrowMut", "From", "Into", "TryFrom", "TryInto", "ToOwned", "CloneToUninit", "Freeze",
           "RefUnwindSafe", "UnwindSafe", "Unpin", "UnsafeUnpin", "Send", "Sync"}
gone = set()
for id, item in document["index"].items():
    impl = item["inner"].get("impl")
    if impl and impl["trait"] and (impl["blanket_impl"] or impl["is_synthetic"]) and impl["trait"]["path"] in blanket:
        gone.add(int(id))
for id in gone:
    del document["index"][str(id)]
for item in document["index"].values():
    for key in ("span", "links", "deprecation"):
        item[key] = None
    body = next(iter(item["inner"].values()))
    if isinstance(body, dict) and "impls" in body:
        body["impls"] = [id for id in body["impls"] if id not in gone]
walk(document["index"])
document["paths"] = {id: entry for id, entry in document["paths"].items() if id in named or entry["crate_id"] == 0}
document["external_crates"] = {}
document["target"] = None
json.dump(document, sys.stdout, separators=(",", ":"), sort_keys=True)
print()
