// Asks cargo which versions a crate needs: writes the wrapper's Cargo.toml, resolves it, downloads and vendors the
// sources, and reads the dependency graph.
// Plain values; kik is single-threaded.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kik/cargo/build.h"
#include "kik/cargo/spec.h"
#include "shared/result.h"

namespace kayton::kik {

// One package of the dependency graph.
struct ResolvedPackage {
    std::string id;     // cargo's package id
    std::string name;   // "percent-encoding"
    std::string crate;  // its library's name in Rust code: "percent_encoding"
    std::string version;
    std::filesystem::path manifest;  // its Cargo.toml
    std::string source;              // cargo's word for where it comes from; empty: this machine
    std::vector<std::string> features;
    bool macro = false;                     // a procedural macro crate
    bool local = false;                     // not from a registry
    std::vector<std::string> dependencies;  // ids, of this platform
};

struct Resolution {
    ResolvedPackage root;                         // the crate that was asked for
    std::vector<ResolvedPackage> packages;        // it and all it needs, nearest first; without Kayton's own
    std::map<std::string, std::string> versions;  // crate name -> version; the nearest one where there are several
    [[nodiscard]] const ResolvedPackage* find(const std::string& crate) const;
};

// What the wrapper's Cargo.toml depends on.
struct WrapperPlan {
    std::string crate;  // "serde_json"; the package name with underscores until cargo has told the real one
    CrateSpec spec;
    std::filesystem::path local;  // a crate on this machine; empty: a registry's or git's
    std::string cargo_lock;       // exact versions to be kept; empty: the newest that fit
    struct Extra {
        std::string package, version, source;  // source: cargo's, "registry+URL", "sparse+URL" or "git+URL?tag=..#commit"
        bool operator==(const Extra&) const = default;
    };
    std::map<std::string, Extra> extra_packages;  // named by the bindings besides, by crate
    std::string version;  // exact, once known
    bool tokio = false;   // the same: its futures run on a runtime of the plugin's
    bool serde = false;   // among the crates it needs: any value of a program can be serialized then
};

// `sdk` is where the Kayton crates lie: absolute for building, relative for the installed folder.
[[nodiscard]] std::string wrapper_toml(const WrapperPlan& plan, const std::filesystem::path& sdk,
                                       const std::string& local_path);

// Resolves `place.folder`/Cargo.toml. kNotFound for a crate or version that does not exist, with near names.
[[nodiscard]] Result<Resolution> resolve(const BuildPlace& place, const WrapperPlan& plan);

// Writes into the lock file what `place.folder`/Cargo.toml names since; all of it is in the lock already. Builds are
// confined and may not.
[[nodiscard]] Result<void> complete_lock(const BuildPlace& place, const WrapperPlan& plan);

// Copies all sources of the lock file to `folder`, which need not exist.
struct Vendored {
    size_t packages = 0;
    std::string config;  // what makes cargo use them, with `folder` written as "vendor"
};
[[nodiscard]] Result<Vendored> vendor(const BuildPlace& place, const WrapperPlan& plan,
                                      const std::filesystem::path& folder);

// What a failed resolution means: no such crate, no such version or feature, no network, a full disk.
[[nodiscard]] Error resolve_error(const CommandResult& result, const WrapperPlan& plan, const BuildPlace& place);

// Parses `cargo metadata --format-version 1`, from the dependency named by plan.
[[nodiscard]] Result<Resolution> parse_metadata(const std::string& json, const WrapperPlan& plan);

}  // namespace kayton::kik
