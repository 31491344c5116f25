#include "worker/plugins/plugin_loader.h"

#include <fmt/format.h>

#include <utility>

#include "shared/seal.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"

namespace kayton {
namespace {

std::string crate_of(const std::string& function) {
    return function.substr(0, function.find('.'));
}

// What the person reads: the library's name in place of the bridge's file name, and what to do.
PluginFailure explain(const std::string& name, PluginFailure failure) {
    if (failure.class_name != "PluginABIError") {
        failure.message =
            fmt::format("Library '{0}' cannot be loaded: {1}. Run: kik rinstall {0}", name, failure.message);
    } else if (failure.abi_version != 0 && failure.abi_version != KAYTON_PLUGIN_ABI_VERSION) {
        failure.message =
            fmt::format("'{}' built with ABI v{} but host expects v{}. Reinstall plugin or switch environment.", name,
                        failure.abi_version, KAYTON_PLUGIN_ABI_VERSION);
    } else {
        failure.message = fmt::format("Library '{}': {}", name, failure.message);
    }
    return failure;
}

template <typename... Args>
tl::unexpected<PluginFailure> refuse(const char* class_name, fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected(PluginFailure{class_name, fmt::format(format, std::forward<Args>(args)...), 0});
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
        return refuse("ImportError",
                      "Library '{}' is already loaded from '{}' and cannot be exchanged for '{}'. Restart the session.",
                      name, known->second.file.string(), file.string());
    }
    if (const auto sealed = check_sealed(file.parent_path(), file.filename().string()); !sealed) {
        return refuse("ImportError", "Library '{}' cannot be loaded: {}. Run: kik doctor --fix", name,
                      sealed.error().message);
    }
    const auto through = bridge();
    if (!through) return tl::unexpected(explain(name, through.error()));
    auto plugin = (*through)->open_plugin(file);
    if (!plugin) return tl::unexpected(explain(name, std::move(plugin.error())));
    if (auto registered = (*through)->register_plugin(*plugin, vm_.context()); !registered) {
        return tl::unexpected(explain(name, std::move(registered.error())));
    }
    // A registration that panicked leaves its exception pending.
    if (const Ref<KtException> exception(kt_exception_take()); exception) {
        return tl::unexpected(
            explain(name, {exception->base.type->name, exception_text(exception.get()), KAYTON_PLUGIN_ABI_VERSION}));
    }
    loaded_.emplace(name, Loaded{file, *plugin});
    return {};
}

PluginResult<std::string_view> PluginLoader::manifest(const std::string& name) {
    const auto known = loaded_.find(name);
    if (known == loaded_.end()) return refuse("ImportError", "Library '{}' is not loaded", name);
    return (*bridge())->manifest(known->second.plugin);
}

PluginResult<void> PluginLoader::fetch(const KtFunctionNeed& need) {
    const FunctionRegistry::Entry* entry = vm_.functions().find(std::string_view(need.name));
    const std::string crate = crate_of(need.name);
    if (entry == nullptr) {
        return refuse("ImportError",
                      "Library '{0}' does not provide '{1}', which its manifest promises. Run: kik rinstall {0}", crate,
                      need.name);
    }
    if (entry->signature_id != need.signature_id) {
        return refuse("PluginABIError",
                      "'{}' has another signature in the plugin than in its manifest. Run: kik rinstall {}", need.name,
                      crate);
    }
    *need.slot = entry->function;
    return {};
}

}  // namespace kayton
