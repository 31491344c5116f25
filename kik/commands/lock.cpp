// kik lock: writes kayton.lock, and kayton.toml where there is none.
#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <set>
#include <system_error>

#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/project/locking.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

struct Request {
    std::vector<std::string> upgraded;
    bool upgrade = false, check = false;
};

std::vector<InstalledPlugin> as_plugins(const LockFile& lock) {
    std::vector<InstalledPlugin> plugins;
    for (const LockedCrate& crate : lock.crates) {
        InstalledPlugin plugin;
        plugin.crate = crate.crate;
        plugin.version = crate.version;
        plugin.features = crate.spec.features;
        plugin.instances = crate.spec.instances;
        plugins.push_back(std::move(plugin));
    }
    return plugins;
}

// A kayton.toml that says what the environment holds.
Result<ProjectFile> project_of_environment(const EnvironmentPlace& place, const std::filesystem::path& file) {
    const Result<Environment> environment = open_environment(place.name, place.root);
    if (!environment) return tl::unexpected<Error>(environment.error());
    ProjectFile project;
    project.file = file;
    project.environment = place.name;
    for (const InstalledPlugin& plugin : environment->plugins) project.crates.push_back(spec_of(plugin));
    Result<PermissionLists> permissions = environment_permissions(place.root);
    if (!permissions) return tl::unexpected<Error>(permissions.error());
    project.permissions = std::move(*permissions);
    return project;
}

Result<void> lock(Session& session, const Request& request) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    if (error) return fail(ErrorKind::kSystem, "cannot find the current folder: " + error.message());
    const std::filesystem::path file = find_project_file(here);
    const bool made = file.empty();
    const Result<ProjectFile> project =
        made ? project_of_environment(*place, here / kProjectFile) : read_project_file(file);
    if (!project) return tl::unexpected<Error>(project.error());

    const Result<Lock> held = lock_environment(*place, session.command, session.say());
    if (!held) return tl::unexpected<Error>(held.error());
    const std::filesystem::path target = project->folder() / kLockFile;
    const Result<LockFile> before = read_lock_file(target);
    if (!before && before.error().kind != ErrorKind::kNotFound && !request.upgrade) {
        return tl::unexpected<Error>(before.error());
    }
    std::set<std::string> renewed(request.upgraded.begin(), request.upgraded.end());
    for (const std::string& name : renewed) {
        const bool known = std::any_of(project->crates.begin(), project->crates.end(),
                                       [&](const CrateSpec& spec) { return spec.package == name; });
        if (!known) {
            return fail(ErrorKind::kNotFound, "`" + project->file.string() + "` does not ask for `" + name + "`");
        }
    }
    if (request.upgrade && renewed.empty()) renewed.insert("*");
    Installer installer(*place, session.command, session.console);
    Result<LockFile> fresh = lock_project(installer, *place, *project, before ? &*before : nullptr, renewed);
    if (!fresh) return tl::unexpected<Error>(fresh.error());
    if (before && fresh->environment.empty()) fresh->environment = before->environment;
    const std::string text = lock_file_text(*fresh);
    const Result<std::string> old = read_text_file(target);
    const bool same = old && *old == text;
    const std::vector<CrateChange> changes =
        changes_between(before ? as_plugins(*before) : std::vector<InstalledPlugin>(), as_plugins(*fresh));
    if (!same && (request.check || session.options.locked)) {
        return fail(ErrorKind::kInput,
                    "`" + target.string() + "` is not what `" + project->file.filename().string() + "` asks for" +
                        (before ? "" : ": it is missing"),
                    "Run: kik lock");
    }
    if (!same && !session.options.dry_run) {
        if (made) {
            if (Result<void> written = write_durably(project->file, project_file_text(*project)); !written)
                return written;
            session.console.say("Wrote " + short_path(project->file.string()));
        }
        if (Result<void> written = write_durably(target, text); !written) return written;
    }
    const std::string done = same ? "Locked already:" : session.options.dry_run ? "Would lock" : "Locked";
    if (session.options.json) return report_changes(session, *place, changes, done);
    session.console.say(fmt::format("{} {} in {}", done, counted(fresh->crates.size(), "crate"),
                                    short_path(target.string())));
    for (const CrateChange& change : changes) session.console.say(change_line(session.console, change));
    return {};
}

}  // namespace

void add_lock(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand(
        "lock", "Write the exact versions of kayton.toml's crates, or of the active environment's, to kayton.lock");
    auto request = std::make_shared<Request>();
    command->add_flag("--upgrade", request->upgrade, "The newest versions that fit, whatever was locked before");
    command->add_option("--upgrade-crate", request->upgraded, "The same for one crate only");
    command->add_flag("--check", request->check, "Fail if the lock is not what kayton.toml asks for; write nothing");
    examples(command, {{"kik lock", "locks what is new, keeps the rest"},
                       {"kik lock --upgrade", "the newest versions of all"},
                       {"kik lock --check", "for CI"}});
    command->callback([&session, request] { session.action = [&session, request] { return lock(session, *request); }; });
}

}  // namespace kayton::kik
