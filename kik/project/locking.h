// From what is wanted to what is exact, and from what is exact to what is installed: the work of lock, sync, import and
// upgrade. The environment's lock is held by the caller. kik is single-threaded.
#pragma once

#include <set>
#include <string>

#include "kik/cargo/install.h"
#include "kik/project/lock_file.h"

namespace kayton::kik {

// Whether the lock answers every request of the project, and nothing else; else why not, as a person reads it.
[[nodiscard]] std::string staleness(const ProjectFile& project, const LockFile& lock);

// A lock for the project. Crates whose request is unchanged keep what `before` says, or what is installed; the others,
// and those in `renewed` ("*": all), are resolved.
[[nodiscard]] Result<LockFile> lock_project(Installer& installer, const EnvironmentPlace& place,
                                            const ProjectFile& project, const LockFile* before,
                                            const std::set<std::string>& renewed);

// What an environment is, as a lock.
[[nodiscard]] Result<LockFile> lock_of_environment(const EnvironmentPlace& place);

// The change that makes the environment what the lock says; nothing is built. Crates in `keep_others` mode stay.
struct SyncPlan {
    std::vector<InstalledPlugin> kept;
    std::vector<const LockedCrate*> wanted;
    std::vector<InstalledPlugin> before;
    [[nodiscard]] bool nothing_to_do() const { return wanted.empty() && kept.size() == before.size(); }
};
[[nodiscard]] Result<SyncPlan> plan_sync(Registry& registry, const LockFile& lock);

// Installs a plan in one step.
[[nodiscard]] Result<void> apply_sync(Installer& installer, const EnvironmentPlace& place, const LockFile& lock,
                                      const SyncPlan& plan, const std::string& command, const Console& console);

}  // namespace kayton::kik
