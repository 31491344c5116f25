// Gives an environment its toolchain/: the pin, the shared libstd and the bridge. The bridge is built once per
// toolchain and SDK, and kept in the cache. Expects the environment's lock to be held. kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>

#include "kik/cargo/toolchain.h"
#include "kik/report/console.h"
#include "shared/result.h"

namespace kayton::kik {

// The pinned toolchain of the environment; pins the active one when nothing is pinned yet.
[[nodiscard]] Result<Toolchain> environment_toolchain(const std::filesystem::path& environment);

// Places libstd and the bridge in toolchain/lib, unless they are there already.
[[nodiscard]] Result<void> provide_bridge(const std::filesystem::path& environment, const Toolchain& toolchain,
                                          const std::string& command, const Console& console);

// The same where it needs no building; false when the bridge has not been built yet.
[[nodiscard]] Result<bool> provide_kept_bridge(const std::filesystem::path& environment, const Toolchain& toolchain);

}  // namespace kayton::kik
