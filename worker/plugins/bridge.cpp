#include "worker/plugins/bridge.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>

namespace kayton {
namespace {

using Message = std::array<char, 4096>;

// Messages of the bridge begin with the class they stand for.
PluginFailure failure_of(const Message& message, uint32_t abi_version) {
    const std::string_view text = message.data();
    for (const std::string_view known : {"ImportError", "PluginABIError", "RustPanic"}) {
        if (text.size() > known.size() + 2 && text.substr(0, known.size()) == known && text[known.size()] == ':') {
            return {std::string(known), std::string(text.substr(known.size() + 2)), abi_version};
        }
    }
    return {"ImportError", std::string(text), abi_version};
}

tl::unexpected<PluginFailure> no_bridge(const std::filesystem::path& file, const std::string& why) {
    return tl::unexpected(PluginFailure{
        "ImportError", fmt::format("the environment's plugin bridge '{}' cannot be used: {}", file.string(), why), 0});
}

}  // namespace

PluginResult<Bridge> Bridge::open(const std::filesystem::path& file) {
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return no_bridge(file, dlerror());
    const auto* build = static_cast<const KaytonPluginBuild*>(dlsym(library, "kayton_plugin_build"));
    if (build == nullptr || build->magic != KAYTON_BUILD_MAGIC) return no_bridge(file, "it has no build record");
    if (build->abi_version != KAYTON_PLUGIN_ABI_VERSION) {
        return no_bridge(file, fmt::format("it is for plugin ABI v{} but host expects v{}", build->abi_version,
                                           KAYTON_PLUGIN_ABI_VERSION));
    }
    Bridge bridge;
    bridge.open_ = reinterpret_cast<KaytonBridgeOpen>(dlsym(library, "kayton_bridge_open"));
    bridge.manifest_ = reinterpret_cast<KaytonBridgeManifest>(dlsym(library, "kayton_bridge_manifest"));
    bridge.register_ = reinterpret_cast<KaytonBridgeRegister>(dlsym(library, "kayton_bridge_register"));
    if (bridge.open_ == nullptr || bridge.manifest_ == nullptr || bridge.register_ == nullptr) {
        return no_bridge(file, "it lacks a function of the bridge's interface");
    }
    return bridge;
}

PluginResult<void*> Bridge::open_plugin(const std::filesystem::path& file) const {
    Message message{};
    void* plugin = nullptr;
    uint32_t abi_version = 0;
    if (open_(file.c_str(), &plugin, &abi_version, message.data(), message.size()) != KT_OK) {
        return tl::unexpected(failure_of(message, abi_version));
    }
    return plugin;
}

PluginResult<std::string_view> Bridge::manifest(void* plugin) const {
    Message message{};
    const uint8_t* data = nullptr;
    size_t len = 0;
    if (manifest_(plugin, &data, &len, message.data(), message.size()) != KT_OK) {
        return tl::unexpected(failure_of(message, 0));
    }
    return std::string_view(reinterpret_cast<const char*>(data), len);
}

PluginResult<void> Bridge::register_plugin(void* plugin, KaytonContext* context) const {
    Message message{};
    if (register_(plugin, context, message.data(), message.size()) != KT_OK) {
        return tl::unexpected(failure_of(message, 0));
    }
    return {};
}

}  // namespace kayton
