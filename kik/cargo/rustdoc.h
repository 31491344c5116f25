// rustdoc's JSON of a crate and of the crates its public API names. Only rustdoc gets RUSTC_BOOTSTRAP, through a
// wrapper script; cargo, rustc and build scripts stay stable. Kept in the cache by package, version and features.
// Expects the cache's lock to be held. kik is single-threaded.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "kik/cargo/build.h"
#include "kik/cargo/cache.h"
#include "kik/cargo/resolve.h"
#include "shared/result.h"

namespace kayton::kik {

// Fills `folder` with <crate>.json of the root and of every crate that its API names. A dependency that cannot be
// documented is left out: what names it is then skipped by the generator, with that reason.
[[nodiscard]] Result<void> document_crates(const BuildPlace& place, const Cache& cache, const Resolution& resolution,
                                           const std::filesystem::path& folder);

// Crates that one rustdoc JSON names, and those of them that it re-exports.
struct NamedCrates {
    std::set<std::string> all, reexported;
};
[[nodiscard]] Result<NamedCrates> named_crates(std::string_view json);

}  // namespace kayton::kik
