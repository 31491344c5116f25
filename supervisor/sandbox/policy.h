// Decides what a worker may touch, from the environment it serves and the grants of the run.
// Plain functions, safe in any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/environment.h"
#include "shared/sandbox_policy.h"

namespace kayton {

// What the person allowed beyond the default, as absolute paths.
struct SandboxGrants {
    std::vector<std::filesystem::path> read;
    std::vector<std::filesystem::path> write;
};

[[nodiscard]] SandboxPolicy make_policy(const Environment& environment, const std::filesystem::path& working_folder,
                                        const std::filesystem::path& temporary, const SandboxGrants& grants);

}  // namespace kayton
