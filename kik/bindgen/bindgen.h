// Binding generator: reads the rustdoc JSON of a crate and of the crates its public API names, and writes the wrapper
// crate (typed `extern "C"` thunks over kayton_bind) together with the manifest of what a Kayton program can import and
// of everything that was left out, each with its reason.
// Pure functions of their arguments and of the JSON files they name; no process is started here (the check callback of
// generate_and_prune is the caller's). Plain values, any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "shared/manifest.h"
#include "shared/result.h"

namespace kayton::bindgen {

// The rustdoc JSON format that the pinned toolchains (rustc 1.95, 1.96) write.
constexpr int kOldestRustdocFormat = 57;
constexpr int kNewestRustdocFormat = 57;

// A function that a recipe writes, in the place of the crate's of that name.
struct RecipeFunction {
    std::string name;                                         // "reqwest.Client.get"
    std::vector<std::pair<std::string, std::string>> params;  // name, Rust type by public paths
    std::string result, rust, doc;
};

struct BindgenRequest {
    std::filesystem::path json_folder;  // <crate>.json of the crate and of its dependencies, as rustdoc names them
    std::string crate;                  // "serde_json": the crate's name in Rust code
    std::string package;                // "serde_json", may have hyphens; empty: the crate's name
    std::string version;
    std::vector<std::string> features;
    std::vector<std::string> instances;  // asked for beside those that are chosen: "dijkstra[Graph[str, float]]"
    std::map<std::string, std::string> dependency_versions;  // crate name (underscores) -> version, from Cargo.lock
    std::vector<RecipeFunction> recipe;
    // Thunk id or "type <name>" -> why rustc rejected it. What is left out makes room for alternatives; what is removed
    // is taken from the finished bindings, which are otherwise the same.
    std::map<std::string, std::string> left_out, removed;
};

struct Bindings {
    // src/lib.rs of the wrapper crate. It includes "manifest.json" (the manifest below) beside it by include_bytes!,
    // and depends on the crate itself, on kayton_bind and on extra_dependencies.
    std::string lib_rs;
    std::map<int, std::string> thunk_at_line;     // line of lib_rs, from 1 -> thunk id
    std::vector<std::string> extra_dependencies;  // crates (names as in dependency_versions) that lib_rs names directly
    std::map<std::string, std::string> missing;   // of the instances asked for: those that cannot be made -> why
    Manifest manifest;                            // target, rustc and rustc_commit are left to the caller
};

[[nodiscard]] Result<Bindings> generate(const BindgenRequest& request);

// Writes the bindings where cargo finds them, runs `cargo check --message-format=json` and returns its standard output.
using CheckCallback = std::function<Result<std::string>(const Bindings& bindings)>;

// generate(), then check and leave out what rustc rejects, with rustc's words as the reason, until nothing is rejected.
// Fails with rustc's message when an error lies outside every thunk, and when an instance asked for cannot be made.
[[nodiscard]] Result<Bindings> generate_and_prune(BindgenRequest request, const CheckCallback& check);

}  // namespace kayton::bindgen
