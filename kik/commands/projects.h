// What commands share that work on a project's kayton.toml and kayton.lock. kik is single-threaded.
#pragma once

#include "kik/commands/command.h"
#include "kik/project/lock_file.h"

namespace kayton::kik {

// Gives an environment the permissions that a file asks for, after asking; where nobody can be asked it says how to
// give them and leaves them out.
[[nodiscard]] Result<void> grant_permissions(Session& session, const EnvironmentPlace& place,
                                             const PermissionLists& wanted, const std::string& origin);

// After rinstall and uninstall: where the nearest kayton.toml belongs to the environment, its line is set or taken out,
// and kayton.lock is written anew. `installed`: as they were staged. What fails is warned of: the environment has changed.
void follow_in_project(Session& session, const EnvironmentPlace& place, std::vector<InstalledPlugin> installed,
                       const std::vector<std::string>& removed_packages);

}  // namespace kayton::kik
