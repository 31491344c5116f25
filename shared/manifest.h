// A plugin's manifest: what a crate offers to Kayton programs. Written by kik at installation (and embedded in the
// plugin), read by the compiler to resolve names and check types, by kik to list what is there.
// On disk: manifest.json, JSON of exactly these members; unknown members are ignored, a newer `format` is refused.
// Plain values, safe in any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shared/result.h"

namespace kayton {

constexpr int kManifestFormat = 1;

// A parameter or the receiver ("self", always first). Types are in Kayton's syntax: "int", "list[str]",
// "regex.Match | None", "tuple[int, str]", "Callable[[int], bool]". "$K" stands for a type that each call decides: it
// crosses as Dynamic, and the compiler gives values their static type back ("indexmap.IndexMap[$K, $V]").
struct ManifestParam {
    std::string name;
    std::string type;
};

enum class ReceiverMode { kNone, kShared, kExclusive, kOwned };  // fn(..), &self, &mut self, self

struct ManifestFunction {
    std::string name;      // as a program writes it: "regex.Regex.new", "regex.escape", "regex.Regex.__str__"
    std::string stable;    // unique registry name; differs from `name` for overloads and generic instances
    std::string owner;     // "regex.Regex", or empty for a free function
    ReceiverMode receiver = ReceiverMode::kNone;
    bool constant = false;  // an associated constant, static, unit struct or unit variant: called once without arguments
    bool field = false;     // a public field's getter: written `value.name`
    bool iterator = false;  // __next__: KT_STOP at the end
    bool extension = false;  // a trait's method on a built-in type, "rand.seq.SliceRandom.shuffle": the first parameter is `self`
    bool returns_self = false;  // a builder's &mut Self result: the receiver itself, retained
    std::vector<std::string> types;  // what its own type parameters stand for, as written in brackets: "int", "qrcode.render.svg.Color"
    std::vector<ManifestParam> params;
    std::string result;          // "None" for ()
    std::string raises;          // error class, or empty when the Rust function cannot fail
    std::vector<int> borrows;    // parameters the result borrows from
    std::string signature;       // canonical "(regex.Regex, str) -> regex.Match | None"; its signature_id is checked at load
    std::string doc;             // first paragraph, one line
    std::string rust;            // Rust signature, for `kik info`
};

struct ManifestType {
    std::string name;  // "regex.Regex"
    std::string rust;  // "regex::Regex"
    std::string kind;  // "struct", "enum", "error"
    bool clone = false, copy = false, send = false, sync = false;
    bool borrows = false;  // has lifetime parameters: values keep others alive
    std::vector<std::string> variants;  // enums: unit variants' names, in order
    std::vector<std::string> cases;     // enums: all variants' names; what "<name>.__variant__" gives is the place here
    std::vector<std::string> names;     // the generic items it is an instance of: "ndarray.Array2"
    std::vector<std::string> args;      // with these arguments: "float", or "$0" for one that values decide
    std::string doc;
};

// A second public path of an item or module: "base64.prelude.STANDARD" is "base64.engine.general_purpose.STANDARD".
struct ManifestAlias {
    std::string name;
    std::string target;
};

struct ManifestSkipped {
    std::string item;
    std::string reason;
};

struct Manifest {
    std::string crate;    // as rimported: "serde_json"
    std::string package;  // as in the registry: "serde_json", "url"
    std::string version;
    std::vector<std::string> features;
    uint32_t abi_version = 0;
    std::string api_version;
    std::string target;
    std::string rustc;         // "1.95.0"
    std::string rustc_commit;
    std::vector<ManifestType> types;
    std::vector<ManifestFunction> functions;
    std::vector<ManifestAlias> aliases;
    std::vector<ManifestSkipped> skipped;
    int own_functions = 0;      // public callable units of the crate itself
    int own_importable = 0;     // of those, how many are importable
    int all_functions = 0;      // with re-exported dependencies
    int all_importable = 0;
};

[[nodiscard]] Result<Manifest> parse_manifest(std::string_view json, const std::string& origin);
[[nodiscard]] Result<Manifest> read_manifest(const std::filesystem::path& file);
[[nodiscard]] std::string manifest_to_json(const Manifest& manifest);

// FNV-1a (64 bits) of a canonical signature text: what registries compare.
[[nodiscard]] uint64_t signature_id(std::string_view signature);

}  // namespace kayton
