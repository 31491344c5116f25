// The whole way of a crate into an environment: resolve, vendor, describe, generate, build, probe; the result lies
// staged, and Registry puts any number of them in at once. A failure or an interrupt at any step leaves the environment
// as it was. The environment's lock is held by the caller. kik is single-threaded.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kik/bindgen/bindgen.h"
#include "kik/cargo/build.h"
#include "kik/cargo/cache.h"
#include "kik/cargo/resolve.h"
#include "kik/cargo/spec.h"
#include "kik/environment/registry.h"
#include "kik/report/console.h"
#include "shared/environment.h"
#include "shared/manifest.h"
#include "shared/result.h"

namespace kayton::kik {

struct InstallRequest {
    CrateSpec spec;          // a crate on this machine: source "path+FOLDER", its name and version are its own
    std::string cargo_lock;  // exact versions of all packages, from kayton.lock; empty: the newest that fit
    bool fresh = false;      // ask the registry even when it was asked a short while ago
};

struct StagedCrate {
    InstalledPlugin plugin;  // `folder` is where it is staged
    Manifest manifest;
    bool from_cache = false;
    double seconds = 0;  // of building
};

class Installer {
  public:
    Installer(const EnvironmentPlace& place, std::string command, const Console& console)
        : place_(place), command_(std::move(command)), console_(console), registry_(place.name, place.root) {}

    // Repairs the environment and gives it its toolchain. To be called first.
    [[nodiscard]] Result<void> prepare();

    // Makes the plugin, or finds it built before. Errors say that the environment was left unchanged.
    [[nodiscard]] Result<StagedCrate> stage(const InstallRequest& request);

    // What stage() would make, without building: for lock, outdated and --dry-run. `cargo_lock` is the lock file's text.
    struct Resolved {
        Resolution resolution;
        std::string cargo_lock;
        std::string library;  // the crate's name in programs
    };
    [[nodiscard]] Result<Resolved> resolve_only(const InstallRequest& request);

    [[nodiscard]] Registry& registry() { return registry_; }
    [[nodiscard]] const Toolchain& toolchain() const { return toolchain_; }
    // Removes what was staged and not put in.
    void clean() const;

  private:
    struct Job;  // one crate on its way
    [[nodiscard]] Result<void> open_toolchain();
    [[nodiscard]] BuildPlace build_place(const Job& job, const std::filesystem::path& folder) const;
    [[nodiscard]] std::function<void(const std::string&)> say() const;
    [[nodiscard]] Result<void> start(Job& job) const;
    [[nodiscard]] Result<Resolution> resolve_job(Job& job) const;
    [[nodiscard]] Result<void> stage_generated(Job& job);
    [[nodiscard]] Result<void> stage_handwritten(Job& job);
    [[nodiscard]] Result<bool> take_from_cache(Job& job, const std::string& key);
    [[nodiscard]] Result<bool> take_kept(Job& job, const std::filesystem::path& kept);
    [[nodiscard]] Result<void> write_wrapper(const Job& job, const bindgen::Bindings* bindings) const;
    [[nodiscard]] Result<void> build_generated(Job& job, const Resolution& resolution);
    [[nodiscard]] Result<void> probe(Job& job) const;
    [[nodiscard]] Result<void> keep(const Job& job, const std::string& key) const;
    void complete(Manifest& manifest) const;

    EnvironmentPlace place_;
    std::string command_;
    const Console& console_;
    Registry registry_;
    Toolchain toolchain_;
    std::optional<Cache> cache_;
    std::vector<std::string> permissions_;
    std::filesystem::path sdk_;
    std::string sdk_key_;
};

}  // namespace kayton::kik
