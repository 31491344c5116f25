#include "kik/project/locking.h"

#include <fmt/format.h>
#include <algorithm>
#include <system_error>

#include "kik/cargo/bridge.h"
#include "kik/cargo/crate_sources.h"
#include "shared/sha256.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

void note_toolchain(LockFile& lock, const Toolchain& toolchain) {
    lock.target = toolchain.host;
    lock.rustc = toolchain.release;
    lock.commit = toolchain.commit;
    lock.channel = toolchain.channel;
}

// A project names a crate on this machine by its folder only: its name is the folder's own to tell.
bool answers(const CrateSpec& wanted, const LockedCrate& locked) {
    CrateSpec spec = wanted;
    if (!wanted.folder().empty()) spec.package = locked.spec.package;
    return same_request(spec, locked.spec);
}

const LockedCrate* find_answer(const CrateSpec& wanted, const LockFile& lock) {
    const auto found = std::find_if(lock.crates.begin(), lock.crates.end(),
                                    [&](const LockedCrate& crate) { return answers(wanted, crate); });
    return found == lock.crates.end() ? nullptr : &*found;
}

// "1.95.0", "1.95" or a channel, as [environment] rust says it.
bool toolchain_fits(const std::string& wanted, const std::string& release, const std::string& channel) {
    return wanted.empty() || wanted == release || wanted == channel || release.rfind(wanted + ".", 0) == 0;
}

}  // namespace

std::string staleness(const ProjectFile& project, const LockFile& lock) {
    for (const CrateSpec& spec : project.crates) {
        if (find_answer(spec, lock) == nullptr) return "`" + spec.package + "` is not locked as it is asked for";
    }
    for (const LockedCrate& crate : lock.crates) {
        const bool wanted = std::any_of(project.crates.begin(), project.crates.end(),
                                        [&](const CrateSpec& spec) { return answers(spec, crate); });
        if (!wanted) return "`" + crate.spec.package + "` is locked, but no longer asked for";
    }
    if (!toolchain_fits(project.rust, lock.rustc, lock.channel)) {
        return "Rust " + project.rust + " is asked for, but " + lock.rustc + " is locked";
    }
    for (const auto& [kind, list] : project.permissions) {
        const auto locked = lock.permissions.find(kind);
        if (!list.empty() && (locked == lock.permissions.end() || locked->second != list)) {
            return "the permissions have changed";
        }
    }
    for (const auto& [kind, list] : lock.permissions) {
        if (!list.empty() && !project.permissions.contains(kind)) return "the permissions have changed";
    }
    return {};
}

Result<LockFile> lock_project(Installer& installer, const EnvironmentPlace& place, const ProjectFile& project,
                              const LockFile* before, const std::set<std::string>& renewed) {
    LockFile lock;
    lock.file = project.folder() / kLockFile;
    lock.environment = project.environment;
    lock.permissions = project.permissions;
    const Result<Environment> environment = open_environment(place.name, place.root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    bool asked = false;
    for (const CrateSpec& spec : project.crates) {
        const bool renew = renewed.contains("*") || renewed.contains(spec.package);
        const LockedCrate* known = before == nullptr || renew ? nullptr : find_answer(spec, *before);
        if (known != nullptr) {
            lock.crates.push_back(*known);
            continue;
        }
        const auto installed = std::find_if(environment->plugins.begin(), environment->plugins.end(),
                                            [&](const auto& plugin) { return same_request(spec_of(plugin), spec); });
        if (!renew && installed != environment->plugins.end()) {
            if (Result<LockedCrate> crate = locked_crate(*installed); crate) {
                lock.crates.push_back(std::move(*crate));
                continue;
            }
        }
        asked = true;
        InstallRequest request;
        request.spec = spec;
        request.fresh = true;
        Result<Installer::Resolved> resolved = installer.resolve_only(request);
        if (!resolved) return tl::unexpected<Error>(resolved.error());
        LockedCrate crate;
        crate.spec = spec;
        if (!spec.folder().empty()) crate.spec.package = resolved->resolution.root.name;
        crate.crate = resolved->library;
        crate.version = resolved->resolution.root.version;
        crate.packages = packages_of(resolved->cargo_lock);
        lock.crates.push_back(std::move(crate));
    }
    std::sort(lock.crates.begin(), lock.crates.end(), [](const auto& a, const auto& b) { return a.crate < b.crate; });
    Result<Toolchain> toolchain = asked ? Result<Toolchain>(installer.toolchain()) : environment_toolchain(place.root);
    if (!toolchain) return tl::unexpected<Error>(toolchain.error());
    if (!toolchain_fits(project.rust, toolchain->release, toolchain->channel)) {
        return fail(ErrorKind::kInput,
                    fmt::format("`{}` asks for Rust {}, but `{}` is pinned to {}", project.file.string(), project.rust,
                                place.name, toolchain->release),
                    "Change `rust` there, or make an environment with that toolchain");
    }
    note_toolchain(lock, *toolchain);
    return lock;
}

Result<LockFile> lock_of_environment(const EnvironmentPlace& place) {
    LockFile lock;
    lock.environment = place.name;
    const Result<Environment> environment = open_environment(place.name, place.root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    for (const InstalledPlugin& plugin : environment->plugins) {
        Result<LockedCrate> crate = locked_crate(plugin);
        if (!crate) return tl::unexpected<Error>(crate.error());
        lock.crates.push_back(std::move(*crate));
    }
    Result<Toolchain> toolchain = read_pin(place.root);
    if (!toolchain && toolchain.error().kind == ErrorKind::kNotFound) toolchain = environment_toolchain(place.root);
    if (!toolchain) return tl::unexpected<Error>(toolchain.error());
    note_toolchain(lock, *toolchain);
    Result<PermissionLists> permissions = environment_permissions(place.root);
    if (!permissions) return tl::unexpected<Error>(permissions.error());
    lock.permissions = std::move(*permissions);
    return lock;
}

Result<SyncPlan> plan_sync(Registry& registry, const LockFile& lock) {
    const Result<RegistryState> state = registry.read();
    if (!state) return tl::unexpected<Error>(state.error());
    SyncPlan plan;
    plan.before = state->plugins;
    for (const LockedCrate& crate : lock.crates) {
        const InstalledPlugin* installed = state->find(crate.crate);
        std::error_code error;
        if (installed != nullptr && fits(*installed, crate) &&
            std::filesystem::exists(installed->library(), error)) {
            plan.kept.push_back(*installed);
        } else {
            plan.wanted.push_back(&crate);
        }
    }
    return plan;
}

Result<void> apply_sync(Installer& installer, const EnvironmentPlace& place, const LockFile& lock,
                        const SyncPlan& plan, const std::string& command, const Console& console) {
    // The bytes of plugins are those of their compiler: another one is not what the lock says.
    const Result<Toolchain> pin = read_pin(place.root);
    if (!lock.commit.empty() && (!pin || pin->commit != lock.commit)) {
        Toolchain wanted;
        wanted.commit = lock.commit;
        wanted.release = lock.rustc;
        wanted.channel = lock.channel;
        if (pin && !plan.before.empty()) {
            return fail(ErrorKind::kInput,
                        fmt::format("`{}` is pinned to rustc {}, the lock to {}", place.name, pin->release, lock.rustc),
                        "make a new environment with `kik create NAME` and run `kik sync -e NAME`, or run `kik lock "
                        "--upgrade` to lock the present one");
        }
        const Result<Toolchain> found = find_pinned_toolchain(wanted);
        if (!found) {
            Error error = found.error();
            error.message = fmt::format("the lock asks for rustc {} ({}), which is not on this machine", lock.rustc,
                                        lock.commit.substr(0, 9));
            error.remedy = "install it (rustup toolchain install " + lock.channel +
                           "), or run `kik lock --upgrade` to lock the one that is here";
            return tl::unexpected<Error>(std::move(error));
        }
        if (Result<void> written = write_pin(place.root, *found); !written) return written;
    }
    if (!plan.wanted.empty()) {
        if (Result<void> prepared = installer.prepare(); !prepared) return prepared;
    }
    RegistryChange change;
    change.command = command;
    change.plugins = plan.kept;
    for (const LockedCrate* crate : plan.wanted) {
        InstallRequest request;
        request.spec = crate->spec;
        request.cargo_lock = crate->cargo_lock();
        Result<StagedCrate> staged = installer.stage(request);
        if (!staged) {
            installer.clean();
            return tl::unexpected<Error>(staged.error());
        }
        if (!crate->plugin.empty() && crate->spec.folder().empty()) {
            const Result<std::string> sum = sha256_of_file(staged->plugin.folder / "plugin.so");
            if (sum && *sum != crate->plugin) {
                console.warn("the plugin of `" + crate->crate +
                             "` differs from the one that was locked, although its sources are the same");
            }
        }
        change.folders[staged->plugin.crate] = staged->plugin.folder;
        change.plugins.push_back(std::move(staged->plugin));
    }
    return installer.registry().apply(std::move(change));
}

}  // namespace kayton::kik
