// Bridge: the Rust library of an environment's toolchain that opens plugins and calls their entry points; here its C
// interface (the end of shared/kayton_api.h). Opened once, never closed, like every plugin.
// Used by the VM's one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "shared/kayton_api.h"
#include "shared/result.h"

namespace kayton {

// Why a plugin cannot be used: the exception class and what the bridge said.
struct PluginFailure {
    std::string class_name;  // "ImportError", "PluginABIError", "RustPanic"
    std::string message;
    uint32_t abi_version = 0;  // the plugin's, as far as it is known
};

template <typename T>
using PluginResult = tl::expected<T, PluginFailure>;

class Bridge {
  public:
    // The bridge must be of this host's ABI version.
    [[nodiscard]] static PluginResult<Bridge> open(const std::filesystem::path& file);

    [[nodiscard]] PluginResult<void*> open_plugin(const std::filesystem::path& file) const;
    // Lives as long as the process.
    [[nodiscard]] PluginResult<std::string_view> manifest(void* plugin) const;
    [[nodiscard]] PluginResult<void> register_plugin(void* plugin, KaytonContext* context) const;

  private:
    Bridge() = default;
    KaytonBridgeOpen open_ = nullptr;
    KaytonBridgeManifest manifest_ = nullptr;
    KaytonBridgeRegister register_ = nullptr;
};

}  // namespace kayton
