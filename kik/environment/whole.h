// Environments as wholes: into the trash and back, under another name, copied. Each is one rename at its end, so that a
// kill leaves the old or the new state. The locks of the environments named are held by the caller. kik is
// single-threaded.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

// How long a removed environment stays in the trash.
constexpr int kTrashDays = 30;

struct TrashedEnvironment {
    std::string id;     // the folder's name in kayton_home()/trash: "demo-20261123T114500Z-4121"
    std::string name;   // what it was called
    std::string place;  // where it was
    std::string time;   // when, UTC
    std::filesystem::path folder;
};

// Renames the environment into kayton_home()/trash; on another file system beside itself, and deletes it there: then
// nothing is returned. kInput when the folder has no metadata/env.json.
[[nodiscard]] Result<std::optional<TrashedEnvironment>> trash_environment(const EnvironmentPlace& place);
// Newest first.
[[nodiscard]] Result<std::vector<TrashedEnvironment>> trashed_environments();
[[nodiscard]] Result<void> restore_environment(const TrashedEnvironment& trashed, const EnvironmentPlace& place);
// Deletes for good: every one, or those that were removed more than kTrashDays ago. How many.
[[nodiscard]] Result<size_t> empty_trash(bool only_old);

[[nodiscard]] Result<void> rename_environment(const EnvironmentPlace& from, const EnvironmentPlace& to);
// Files are shared by hard links where the file system allows; history and logs stay behind.
[[nodiscard]] Result<void> clone_environment(const EnvironmentPlace& from, const EnvironmentPlace& to);

// metadata/env.json with another name.
[[nodiscard]] Result<void> write_name(const std::filesystem::path& root, const std::string& name);

// Makes `to` out of what `fill` puts into a folder beside it; nothing of it stays when `fill` fails.
[[nodiscard]] Result<void> build_environment(
    const EnvironmentPlace& to, const std::function<Result<void>(const std::filesystem::path&)>& fill);

}  // namespace kayton::kik
