// The seal of an installed plugin: checksums.json in its folder, written when it was installed, with size and SHA-256
// of every file that matters. kik's doctor compares them all; who loads plugin.so compares that one first.
// Plain values, safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shared/result.h"

namespace kayton {

constexpr const char* kSealFile = "checksums.json";

// Compares one file of a sealed folder. kInput when it is another than was installed, with both checksums; success for a
// folder that has no seal (a plugin that was built in place).
[[nodiscard]] Result<void> check_sealed(const std::filesystem::path& folder, std::string_view file);

struct SealReport {
    std::vector<std::string> changed, missing;  // relative paths
    [[nodiscard]] bool whole() const { return changed.empty() && missing.empty(); }
};
// Compares every file of the seal. kNotFound without a seal, kInput for one that cannot be read.
[[nodiscard]] Result<SealReport> check_seal(const std::filesystem::path& folder);

}  // namespace kayton
