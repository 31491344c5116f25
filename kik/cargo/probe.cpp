#include "kik/cargo/probe.h"

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "kik/cargo/command.h"
#include "kik/cargo/confine.h"
#include "kik/environment/layout.h"
#include "shared/kayton_api.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

constexpr rlim_t kProbeSeconds = 30;
constexpr rlim_t kProbeMemory = rlim_t{2} << 30;

// Enough of a VM for a plugin to register itself; nothing is called.
struct RecordingVm {
    struct Function {
        const void* pointer;
        uint64_t signature;
    };
    std::unordered_map<std::string, Function> functions;
    std::unordered_map<std::string, const KtTypeInfo*> types;
    std::deque<KtTypeInfo> infos;
    std::deque<std::string> names;
    std::string raised;  // what a registration that panicked left pending

    const KtTypeInfo* type(const std::string& name, uint32_t kind, const KtTypeOps* ops) {
        const auto found = types.find(name);
        if (found != types.end()) return found->second;
        names.push_back(name);
        KtTypeInfo info{};
        info.kind = kind;
        info.size = info.align = 8;
        info.has_refs = 1;
        info.name = names.back().c_str();
        info.ops = ops;
        infos.push_back(info);
        return types[name] = &infos.back();
    }
};

RecordingVm& vm_of(void* vm) {
    return *static_cast<RecordingVm*>(vm);
}

int32_t record_function(void* vm, const char* name, size_t length, const void* pointer, uint64_t signature) {
    const auto [entry, fresh] =
        vm_of(vm).functions.try_emplace(std::string(name, length), RecordingVm::Function{pointer, signature});
    return fresh || (entry->second.pointer == pointer && entry->second.signature == signature) ? 0 : 1;
}

const void* find_function(void* vm, const char* name, size_t length) {
    const auto found = vm_of(vm).functions.find(std::string(name, length));
    return found == vm_of(vm).functions.end() ? nullptr : found->second.pointer;
}

const void* find_function_by_id(void* vm, uint64_t signature, const char* name, size_t length) {
    const auto found = vm_of(vm).functions.find(std::string(name, length));
    return found == vm_of(vm).functions.end() || found->second.signature != signature ? nullptr : found->second.pointer;
}

const KtTypeInfo* record_type(void* vm, const char* name, size_t length, const KtTypeMeta* meta,
                              const KtTypeInfo* base) {
    return vm_of(vm).type(std::string(name, length), base != nullptr ? KT_KIND_EXCEPTION : KT_KIND_HANDLE,
                          meta != nullptr ? meta->ops : nullptr);
}

const KtTypeInfo* find_type(void* vm, const char* signature, size_t length) {
    return vm_of(vm).type(std::string(signature, length), KT_KIND_TYPE, nullptr);
}

void record_raise(void* vm, const char* class_name, size_t class_length, const char* message, size_t length) {
    vm_of(vm).raised = std::string(class_name, class_length) + ": " + std::string(message, length);
}

tl::unexpected<Error> refused(const fs::path& plugin, std::string_view message) {
    const bool abi = message.rfind("PluginABIError", 0) == 0;
    return fail(abi ? ErrorKind::kPluginAbi : ErrorKind::kInput,
                message.empty() ? "`" + plugin.string() + "` cannot be loaded" : std::string(message));
}

Result<void> compare(const RecordingVm& vm, const Manifest& manifest) {
    for (const ManifestFunction& function : manifest.functions) {
        const auto found = vm.functions.find(function.stable);
        if (found == vm.functions.end()) {
            return fail(ErrorKind::kInput,
                        fmt::format("the manifest offers `{}`, but the plugin does not register it", function.stable));
        }
        if (found->second.signature != signature_id(function.signature)) {
            return fail(ErrorKind::kInput,
                        fmt::format("`{}` is registered with another signature than the manifest's `{}`",
                                    function.stable, function.signature));
        }
    }
    return {};
}

}  // namespace

Result<std::string> load_plugin_here(const fs::path& bridge, const fs::path& plugin) {
    rlimit limit{kProbeSeconds, kProbeSeconds};
    ::setrlimit(RLIMIT_CPU, &limit);
    limit = {kProbeMemory, kProbeMemory};
    ::setrlimit(RLIMIT_DATA, &limit);
    limit = {0, 0};
    ::setrlimit(RLIMIT_CORE, &limit);
    ::alarm(2 * kProbeSeconds);
    // What stands in its constructors runs as soon as it is loaded.
    Confinement confinement;
    confinement.read = {bridge.parent_path(), plugin.parent_path()};
    for (const fs::path& linked : {bridge, plugin}) {
        std::error_code error;
        confinement.read.push_back(fs::weakly_canonical(linked, error).parent_path());
    }
    confinement.alone = true;
    if (const char* failed = confine_this_process(confinement)) {
        return fail(ErrorKind::kSystem, fmt::format("cannot {} before the plugin is loaded: {}", failed, ::strerror(errno)));
    }

    void* library = ::dlopen(bridge.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) return fail(ErrorKind::kSystem, std::string("cannot load the bridge: ") + ::dlerror());
    const auto open = reinterpret_cast<KaytonBridgeOpen>(::dlsym(library, "kayton_bridge_open"));
    const auto read_manifest = reinterpret_cast<KaytonBridgeManifest>(::dlsym(library, "kayton_bridge_manifest"));
    const auto register_plugin = reinterpret_cast<KaytonBridgeRegister>(::dlsym(library, "kayton_bridge_register"));
    if (open == nullptr || read_manifest == nullptr || register_plugin == nullptr) {
        return fail(ErrorKind::kSystem, "`" + bridge.string() + "` is not a bridge of this Kayton");
    }

    std::array<char, 4096> message{};
    void* handle = nullptr;
    uint32_t abi = 0;
    if (open(plugin.c_str(), &handle, &abi, message.data(), message.size()) != KT_OK)
        return refused(plugin, message.data());
    const uint8_t* data = nullptr;
    size_t length = 0;
    if (read_manifest(handle, &data, &length, message.data(), message.size()) != KT_OK) {
        return refused(plugin, message.data());
    }
    std::string text(reinterpret_cast<const char*>(data), length);

    RecordingVm vm;
    KaytonApi api{};
    api.size = sizeof api;
    api.abi_version = KAYTON_PLUGIN_ABI_VERSION;
    api.register_function = record_function;
    api.get_function = find_function;
    api.get_function_by_id = find_function_by_id;
    api.register_type = record_type;
    api.get_type = find_type;
    api.raise = record_raise;
    KaytonContext context{&vm, &api};
    if (register_plugin(handle, &context, message.data(), message.size()) != KT_OK)
        return refused(plugin, message.data());
    if (!vm.raised.empty()) return refused(plugin, vm.raised);

    const Result<Manifest> manifest = parse_manifest(text, plugin.string());
    if (!manifest) return tl::unexpected<Error>(manifest.error());
    if (Result<void> same = compare(vm, *manifest); !same) return tl::unexpected<Error>(same.error());
    return text;
}

Result<std::string> probe_plugin(const fs::path& bridge, const fs::path& plugin) {
    Command command;
    command.argv = {(program_folder() / "kik").string(), "probe-plugin", bridge.string(), plugin.string()};
    command.folder = "/";
    command.only = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "RUST_BACKTRACE"};
    Result<CommandResult> result = run(command);
    if (!result) return tl::unexpected<Error>(result.error());
    if (result->ok()) return std::move(result->out);
    if (result->signal != 0) {
        return fail(ErrorKind::kInput,
                    fmt::format("the plugin ended the process that loaded it: {}", ::strsignal(result->signal)));
    }
    std::string reason = result->err;
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    if (reason.rfind("error: ", 0) == 0) reason = reason.substr(7);
    return refused(plugin, reason);
}

}  // namespace kayton::kik
