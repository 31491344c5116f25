// PluginLoader: brings the plugins a module needs into the VM (open through the bridge, check, register, each once) and
// fetches the functions it calls, by name and signature id. What cannot be had is an ImportError or PluginABIError.
// Owned by the worker's main, used by the VM's one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "shared/object_layout.h"
#include "worker/plugins/bridge.h"
#include "worker/vm/vm_api.h"

namespace kayton {

class PluginLoader {
  public:
    // The bridge's file is opened when the first plugin is needed.
    PluginLoader(Vm& vm, std::filesystem::path bridge_file) : vm_(vm), bridge_file_(std::move(bridge_file)) {}

    // Opens and registers a plugin unless that has been done.
    [[nodiscard]] PluginResult<void> load(const std::string& name, const std::filesystem::path& file);
    // The manifest that an opened plugin carries.
    [[nodiscard]] PluginResult<std::string_view> manifest(const std::string& name);
    // Fills the slot of a function.
    [[nodiscard]] PluginResult<void> fetch(const KtFunctionNeed& need);

  private:
    struct Loaded {
        std::filesystem::path file;
        void* plugin = nullptr;
    };
    [[nodiscard]] PluginResult<const Bridge*> bridge();

    Vm& vm_;
    std::filesystem::path bridge_file_;
    std::optional<Bridge> bridge_;
    std::map<std::string, Loaded> loaded_;
};

}  // namespace kayton
