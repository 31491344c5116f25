// Loads a plugin once, in a process of its own, through the environment's bridge: a plugin that cannot be loaded or
// that does not register what its manifest promises is not installed. kik starts itself for it (`kik probe-plugin`).
// kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>

#include "shared/manifest.h"
#include "shared/result.h"

namespace kayton::kik {

// The manifest the plugin carries, once it loaded and registered. kPluginAbi or kInput with the bridge's words.
[[nodiscard]] Result<std::string> probe_plugin(const std::filesystem::path& bridge,
                                               const std::filesystem::path& plugin);

// The child's side: loads, registers, compares; the manifest's text.
[[nodiscard]] Result<std::string> load_plugin_here(const std::filesystem::path& bridge,
                                                   const std::filesystem::path& plugin);

}  // namespace kayton::kik
