// Decides what a worker may touch, from the environment it serves and the grants of the run, and owns the worker's
// private temporary folder.
// Plain functions and one owner; one thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shared/environment.h"
#include "shared/result.h"
#include "shared/sandbox_policy.h"

namespace kayton {

// What the person allowed beyond the default, as absolute paths.
struct SandboxGrants {
    std::vector<std::filesystem::path> read;
    std::vector<std::filesystem::path> write;
};

// A folder of its own in $TMPDIR (or /tmp), with everything in it removed when the owner goes.
class TemporaryFolder {
public:
    [[nodiscard]] static Result<TemporaryFolder> create();
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

[[nodiscard]] SandboxPolicy make_policy(const Environment& environment, const std::filesystem::path& working_folder,
                                        const std::filesystem::path& temporary, const SandboxGrants& grants);

}  // namespace kayton
