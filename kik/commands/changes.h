// What commands that change an environment share: how a change reads, and the word that a failure left it unchanged.
// kik is single-threaded.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kik/cargo/install.h"
#include "kik/commands/command.h"
#include "kik/environment/registry.h"

namespace kayton::kik {

// One crate of a change: added without `before`, removed without `after`.
struct CrateChange {
    std::string crate, before, after;
    std::vector<std::string> features;
};

[[nodiscard]] std::vector<CrateChange> changes_between(const std::vector<InstalledPlugin>& before,
                                                       const std::vector<InstalledPlugin>& after);

// " + regex 1.11.1 (unicode)", " - regex 1.10.0", " ~ regex 1.10.0 -> 1.11.1"
[[nodiscard]] std::string change_line(const Console& console, const CrateChange& change);
[[nodiscard]] std::string described(const InstalledPlugin& plugin);  // "regex 1.11.1 (unicode)"

// Says "<done> 2 crates in `demo`" and a line for each, or prints them with --json.
[[nodiscard]] Result<void> report_changes(Session& session, const EnvironmentPlace& place,
                                          const std::vector<CrateChange>& changes, const std::string& done);

// Runs `action`; its error then says that the environment was left unchanged.
[[nodiscard]] Result<void> unchanged_on_failure(const EnvironmentPlace& place,
                                                const std::function<Result<void>()>& action);

// Locks the environment, repairs it, and runs `action` on its registry.
[[nodiscard]] Result<void> with_registry(Session& session, const EnvironmentPlace& place,
                                         const std::function<Result<void>(Registry&)>& action);

// Locks the active environment and runs `action` on its installer, ready to stage, and on what is there; an error then
// says that the environment was left unchanged.
[[nodiscard]] Result<void> with_installer(
    Session& session, const std::function<Result<void>(const EnvironmentPlace&, Installer&, const RegistryState&)>& action);

// The error for a crate that a command names and the environment does not have.
[[nodiscard]] tl::unexpected<Error> not_installed(const std::string& crate, const std::string& environment);

// Asks on the terminal; with -y yes, off a terminal an error that names the command with -y.
[[nodiscard]] Result<void> confirm(const Session& session, const std::string& question, const std::string& with_yes);

}  // namespace kayton::kik
