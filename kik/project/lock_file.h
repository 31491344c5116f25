// kayton.lock: exactly what a project's or an exported environment's crates are made of: every package with its
// checksum, the toolchain, permissions. Written by `kik lock` and `kik export`, read by `kik sync` and `kik import`.
// docs/projects.md has the format. Plain values; kik is single-threaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kik/cargo/cargo_lock.h"
#include "kik/cargo/spec.h"
#include "kik/project/project_file.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kik {

constexpr int kLockFormat = 1;

struct LockedCrate {
    CrateSpec spec;     // what was asked for
    std::string crate;  // its name in programs
    std::string version;
    std::string plugin;                   // SHA-256 of plugin.so as it was built; empty: not built when locked
    std::vector<LockedPackage> packages;  // it and all it needs, without Kayton's own
    [[nodiscard]] std::string cargo_lock() const { return cargo_lock_text(packages); }
};

struct LockFile {
    std::filesystem::path file;
    std::string environment;  // its name where it was exported
    std::string target, rustc, commit, channel;
    std::vector<LockedCrate> crates;
    PermissionLists permissions;
    [[nodiscard]] const LockedCrate* find(const std::string& crate) const;
    [[nodiscard]] const LockedCrate* find_package(const std::string& package) const;
};

// kNotFound without the file; kInput with the line for a corrupt one, with its number for a newer format.
[[nodiscard]] Result<LockFile> read_lock_file(const std::filesystem::path& file);
[[nodiscard]] std::string lock_file_text(const LockFile& lock);

// The packages of a wrapper's Cargo.lock that count: without the wrapper itself and Kayton's own crates.
[[nodiscard]] std::vector<LockedPackage> packages_of(const std::string& cargo_lock);

// What an installed plugin is, as a lock says it.
[[nodiscard]] Result<LockedCrate> locked_crate(const InstalledPlugin& plugin);
[[nodiscard]] CrateSpec spec_of(const InstalledPlugin& plugin);

// Both ask for the same crate, in the same way.
[[nodiscard]] bool same_request(const CrateSpec& a, const CrateSpec& b);
// The installed plugin is the locked one; for a crate on this machine, also that its sources are what was installed.
[[nodiscard]] bool fits(const InstalledPlugin& plugin, const LockedCrate& locked);

}  // namespace kayton::kik
