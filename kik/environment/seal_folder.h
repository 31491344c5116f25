// Writes the seal of a finished plugin folder (shared/seal.h reads it). kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>

#include "shared/result.h"

namespace kayton::kik {

// Writes checksums.json over plugin.so, manifest.json and the wrapper's sources, and syncs what it names. Vendored crates
// carry cargo's own checksums and are left out. Gives the folder's contents: the SHA-256 of checksums.json.
[[nodiscard]] Result<std::string> seal_folder(const std::filesystem::path& folder);

// The SHA-256 of checksums.json; empty when the folder or its seal is not there.
[[nodiscard]] std::string contents_of(const std::filesystem::path& folder);

}  // namespace kayton::kik
