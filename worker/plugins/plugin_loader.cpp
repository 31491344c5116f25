#include "worker/plugins/plugin_loader.h"

#include <utility>

namespace kayton {
namespace {

std::string crate_of(const std::string& function) {
    return function.substr(0, function.find('.'));
}

// What the person reads: the library's name in place of the bridge's file name, and what to do.
PluginFailure explain(const std::string& name, PluginFailure failure) {
    if (failure.class_name == "PluginABIError" && failure.abi_version != 0 &&
        failure.abi_version != KAYTON_PLUGIN_ABI_VERSION) {
        failure.message = "'" + name + "' built with ABI v" + std::to_string(failure.abi_version) +
                          " but host expects v" + std::to_string(KAYTON_PLUGIN_ABI_VERSION) +
                          ". Reinstall plugin or switch environment.";
    } else if (failure.class_name == "PluginABIError") {
        failure.message = "Library '" + name + "': " + failure.message;
    } else {
        failure.message = "Library '" + name + "' cannot be loaded: " + failure.message + ". Run: kik rinstall " + name;
    }
    return failure;
}

}  // namespace

PluginResult<const Bridge*> PluginLoader::bridge() {
    if (!bridge_) {
        auto opened = Bridge::open(bridge_file_);
        if (!opened) return tl::unexpected(std::move(opened.error()));
        bridge_ = std::move(*opened);
    }
    return &*bridge_;
}

PluginResult<void> PluginLoader::load(const std::string& name, const std::filesystem::path& file) {
    if (const auto known = loaded_.find(name); known != loaded_.end()) {
        if (known->second.file == file) return {};
        return tl::unexpected(PluginFailure{"ImportError",
                                            "Library '" + name + "' is already loaded from '" +
                                                known->second.file.string() + "' and cannot be exchanged for '" +
                                                file.string() + "'. Restart the session.",
                                            0});
    }
    const auto through = bridge();
    if (!through) return tl::unexpected(explain(name, through.error()));
    auto plugin = (*through)->open_plugin(file);
    if (!plugin) return tl::unexpected(explain(name, std::move(plugin.error())));
    if (auto registered = (*through)->register_plugin(*plugin, vm_.context()); !registered) {
        return tl::unexpected(explain(name, std::move(registered.error())));
    }
    loaded_.emplace(name, Loaded{file, *plugin});
    return {};
}

PluginResult<std::string_view> PluginLoader::manifest(const std::string& name) {
    const auto known = loaded_.find(name);
    if (known == loaded_.end()) {
        return tl::unexpected(PluginFailure{"ImportError", "Library '" + name + "' is not loaded", 0});
    }
    return (*bridge())->manifest(known->second.plugin);
}

PluginResult<void> PluginLoader::fetch(const KtFunctionNeed& need) {
    const FunctionRegistry::Entry* entry = vm_.functions().find(std::string_view(need.name));
    const std::string crate = crate_of(need.name);
    if (entry == nullptr) {
        return tl::unexpected(PluginFailure{"ImportError",
                                            "Library '" + crate + "' does not provide '" + need.name +
                                                "', which its manifest promises. Run: kik rinstall " + crate,
                                            0});
    }
    if (entry->signature_id != need.signature_id) {
        return tl::unexpected(
            PluginFailure{"PluginABIError",
                          "'" + std::string(need.name) +
                              "' has another signature in the plugin than in its manifest. Run: kik rinstall " + crate,
                          0});
    }
    *need.slot = entry->function;
    return {};
}

}  // namespace kayton
