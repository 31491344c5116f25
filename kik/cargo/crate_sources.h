// Sources of crates on this machine: what a folder's own Cargo.toml tells, copying them, comparing them, and finding
// vendored ones. kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kik/cargo/build.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

struct LocalCrate {
    std::string package, library, version;
    std::filesystem::path folder;
    bool handwritten = false;  // [package.metadata.kayton] plugin = true
};

// `place.folder` is the crate's. kNotFound without a Cargo.toml, kInput for one without a library.
[[nodiscard]] Result<LocalCrate> inspect_crate(const BuildPlace& place);

// The folders of all crates on this machine that the crate in `place.folder` is made of: its own, its workspace's, those
// of its path dependencies. A build has to read them.
[[nodiscard]] std::vector<std::filesystem::path> local_folders(const BuildPlace& place);

// A crate's own sources, without what builds and version control put among them. Tests and examples may be left out
// where its Cargo.toml does not name them.
[[nodiscard]] Result<void> copy_sources(const std::filesystem::path& from, const std::filesystem::path& to,
                                        bool library_only = false);

// Identifies what copy_sources would copy; empty when the folder cannot be read.
[[nodiscard]] std::string sources_key(const std::filesystem::path& folder);

// The vendored sources of an installed plugin whose lock file names the same packages; empty when there are none. Looks
// in every environment of this home, and in what they keep for rollback.
[[nodiscard]] std::filesystem::path find_vendored(const std::string& crate, const std::string& cargo_lock,
                                                  const std::filesystem::path& environment);

// The packages of a Cargo.lock that come from somewhere, one a line and sorted: "name version checksum".
[[nodiscard]] std::string locked_packages(const std::string& cargo_lock);

}  // namespace kayton::kik
