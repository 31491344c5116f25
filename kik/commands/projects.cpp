#include "kik/commands/projects.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "kik/commands/changes.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/project/locking.h"
#include "shared/text_file.h"

namespace kayton::kik {

Result<void> grant_permissions(Session& session, const EnvironmentPlace& place, const PermissionLists& wanted,
                               const std::string& origin) {
    Result<PermissionLists> present = environment_permissions(place.root);
    if (!present) return tl::unexpected<Error>(present.error());
    std::string lines;
    PermissionLists merged = *present;
    for (const auto& [kind, list] : wanted) {
        for (const std::string& value : list) {
            std::vector<std::string>& kept = merged[kind];
            if (std::find(kept.begin(), kept.end(), value) != kept.end()) continue;
            kept.push_back(value);
            lines += fmt::format("\n  kik allow {}{}", kind, value == kNetEverywhere ? "" : " " + value);
        }
    }
    if (lines.empty()) return {};
    if (!session.options.yes && ::isatty(STDIN_FILENO) != 1) {
        session.console.warn(origin + " asks for permissions, which were not given:" + lines);
        session.console.hint("give them with these commands, or run the same command again with -y");
        return {};
    }
    session.console.say(origin + " asks for these permissions:" + lines);
    if (Result<void> confirmed = confirm(session, "Give them to `" + place.name + "`?", ""); !confirmed) {
        session.console.say("The permissions were not given");
        return {};
    }
    return write_permission_lists(place.root, merged);
}

namespace {

Result<void> follow(Session& session, const EnvironmentPlace& place, const std::vector<InstalledPlugin>& installed,
                    const std::vector<std::string>& removed_packages) {
    std::error_code error;
    const std::filesystem::path file = find_project_file(std::filesystem::current_path(error));
    if (file.empty()) return {};
    Result<ProjectFile> project = read_project_file(file);
    if (!project) {
        session.console.warn(project.error().message + "; it was left as it is");
        return {};
    }
    const bool beside = place.name == "local" && place.root.parent_path() == project->folder();
    if (!beside && (place.name == "local" || project->environment != place.name)) return {};
    Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    for (const InstalledPlugin& plugin : installed) {
        const CrateSpec spec = spec_of(plugin);
        *text = with_crate(*text, plugin.package, &spec, project->folder());
    }
    for (const std::string& package : removed_packages) {
        *text = with_crate(*text, package, nullptr, project->folder());
    }
    if (Result<void> written = write_durably(file, *text); !written) return written;
    project = read_project_file(file);
    if (!project) return tl::unexpected<Error>(project.error());
    const std::filesystem::path target = project->folder() / kLockFile;
    const Result<LockFile> before = read_lock_file(target);
    if (!before && before.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(before.error());
    // What was just installed is what is to be locked, even where the lock has another version for the same request.
    std::optional<LockFile> rest;
    if (before) {
        rest = *before;
        std::erase_if(rest->crates, [&](const LockedCrate& crate) {
            return std::any_of(installed.begin(), installed.end(),
                               [&](const InstalledPlugin& plugin) { return plugin.crate == crate.crate; });
        });
    }
    Installer installer(place, session.command, session.console);
    const Result<LockFile> fresh = lock_project(installer, place, *project, rest ? &*rest : nullptr, {});
    if (!fresh) return tl::unexpected<Error>(fresh.error());
    if (Result<void> written = write_durably(target, lock_file_text(*fresh)); !written) return written;
    session.console.say("Updated " + short_path(file.string()) + " and its lock");
    return {};
}

}  // namespace

void follow_in_project(Session& session, const EnvironmentPlace& place, std::vector<InstalledPlugin> installed,
                       const std::vector<std::string>& removed_packages) {
    // Where they were staged is no longer their place.
    for (InstalledPlugin& plugin : installed) plugin.folder = place.root / "libs" / plugin.crate / plugin.version / plugin.target;
    if (Result<void> followed = follow(session, place, installed, removed_packages); !followed)
        session.console.warn(followed.error().message);
}

}  // namespace kayton::kik
