// The registry's index as cargo keeps it on this machine: which versions of a crate there are and which were yanked. It
// is cargo that fetches it; kik only reads ($CARGO_HOME/registry/index/*/.cache, format of cargo's
// sources/registry/index/cache.rs). kik is single-threaded.
#pragma once

#include <string>
#include <vector>

#include "kik/cargo/install.h"
#include "shared/result.h"

namespace kayton::kik {

struct IndexVersion {
    std::string version;
    bool yanked = false;
};

// A package, and the registry it is of: a name in cargo's configuration, an index's URL, or empty for the default one.
struct IndexedPackage {
    std::string name, registry;
    auto operator<=>(const IndexedPackage&) const = default;
};

// What a lock file's package is of, by its `source`.
[[nodiscard]] IndexedPackage indexed_package(const std::string& name, const std::string& source);

// In the order of the registry; empty for a crate that cargo has not looked up yet.
[[nodiscard]] std::vector<IndexVersion> index_versions(const IndexedPackage& package);
// The newest that was not yanked and is no pre-release; with a requirement, of those that fit it. Empty: none.
[[nodiscard]] std::string newest_version(const std::vector<IndexVersion>& versions, const std::string& requirement = "");

// Names in the part of the default index that is on this machine which hold `word`.
[[nodiscard]] std::vector<std::string> known_packages(const std::string& word);

// Lets cargo look these packages up anew; nothing offline. kNotFound names the one that does not exist.
[[nodiscard]] Result<void> refresh_index(const Toolchain& toolchain, const std::vector<IndexedPackage>& packages,
                                         const Console& console);

}  // namespace kayton::kik
