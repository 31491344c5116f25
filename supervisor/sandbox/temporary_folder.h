// TemporaryFolder: a worker's private folder for temporary files, in $TMPDIR/kayton-UID (or /tmp/kayton-UID). It is
// removed with everything in it when its owner goes. A supervisor that was killed could not do that: its folder's lock
// is free, and the next one to make a folder removes it.
// One owner, one thread; any number of processes.
#pragma once

#include <filesystem>
#include <utility>

#include "shared/result.h"
#include "shared/unique_fd.h"

namespace kayton {

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
    TemporaryFolder(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    UniqueFd lock_;  // the open folder, locked while it is in use
};

}  // namespace kayton
