// kik export and kik import: a whole environment as one readable file.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/whole.h"
#include "kik/project/locking.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

Result<void> export_environment(Session& session, const std::string& output) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    Result<LockFile> lock = lock_of_environment(*place);
    if (!lock) return tl::unexpected<Error>(lock.error());
    std::error_code error;
    lock->file = fs::absolute(output.empty() ? kLockFile : output, error);
    const std::string text = lock_file_text(*lock);
    if (output.empty() || output == "-") {
        if (!session.options.json) {
            session.console.data(text);
            return {};
        }
        nlohmann::ordered_json json{{"environment", place->name}, {"export", text}};
        session.console.data(json.dump(2) + "\n");
        return {};
    }
    if (session.options.dry_run) {
        session.console.say("Would write " + output);
        return {};
    }
    if (Result<void> written = write_durably(lock->file, text); !written) return written;
    session.console.say(fmt::format("Wrote {} of `{}` to {}", counted(lock->crates.size(), "crate"), place->name, output));
    session.console.hint("make it elsewhere with `kik import " + output + " -n NAME`");
    return {};
}

struct Import {
    std::string file, name;
};

// An exported file or a kayton.lock, or a kayton.toml with or without its lock.
Result<LockFile> wanted_lock(Installer& installer, const EnvironmentPlace& place, const fs::path& file,
                             const Options& options) {
    std::error_code error;
    if (!fs::exists(file, error)) return fail(ErrorKind::kNotFound, "there is no file `" + file.string() + "`");
    if (file.extension() != ".toml") return read_lock_file(file);
    const Result<ProjectFile> project = read_project_file(fs::absolute(file, error));
    if (!project) {
        // An export may be called .toml too.
        Result<LockFile> exported = read_lock_file(file);
        return exported ? std::move(exported) : tl::unexpected<Error>(project.error());
    }
    Result<LockFile> lock = read_lock_file(project->folder() / kLockFile);
    if (!lock && lock.error().kind != ErrorKind::kNotFound) return lock;
    const std::string stale = lock ? staleness(*project, *lock) : "there is no kayton.lock";
    if (stale.empty()) return lock;
    if (options.locked) {
        return fail(ErrorKind::kInput, "kayton.lock is not what kayton.toml asks for: " + stale, "Run: kik lock");
    }
    return lock_project(installer, place, *project, lock ? &*lock : nullptr, {});
}

Result<void> import_environment(Session& session, const Import& request) {
    const Result<EnvironmentPlace> place = request.name == "local" ? new_local_place() : find_environment(request.name);
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Lock> held = lock_environment(*place, session.command, session.say());
    if (!held) return tl::unexpected<Error>(held.error());
    std::error_code error;
    if (fs::exists(fs::symlink_status(place->root, error))) {
        return fail(ErrorKind::kInput, "`" + place->root.string() + "` exists already",
                    "choose another name, or run `kik sync` in the project to change the one there is");
    }
    std::vector<CrateChange> changes;
    PermissionLists permissions;
    const Result<void> made = build_environment(*place, [&](const fs::path& staging) -> Result<void> {
        // The environment is made beside its place, whole, under its own name.
        const EnvironmentPlace making{place->name, staging};
        if (Result<void> filled = fill_environment(making); !filled) return filled;
        Installer installer(making, session.command, session.console);
        const Result<LockFile> lock = wanted_lock(installer, making, request.file, session.options);
        if (!lock) return tl::unexpected<Error>(lock.error());
        const Result<SyncPlan> plan = plan_sync(installer.registry(), *lock);
        if (!plan) return tl::unexpected<Error>(plan.error());
        if (session.options.dry_run) {
            for (const LockedCrate& crate : lock->crates) {
                changes.push_back({crate.crate, "", crate.version, crate.spec.features});
            }
            return fail(ErrorKind::kInput, "");
        }
        Result<void> done = apply_sync(installer, making, *lock, *plan, session.command, session.console);
        if (!done) return done;
        const Result<RegistryState> state = installer.registry().read();
        if (!state) return tl::unexpected<Error>(state.error());
        changes = changes_between({}, state->plugins);
        permissions = lock->permissions;
        return {};
    });
    if (session.options.dry_run && (made || made.error().message.empty())) {
        return report_changes(session, *place, changes, "Would install");
    }
    if (!made) return made;
    if (Result<void> granted = grant_permissions(session, *place, permissions, request.file); !granted) return granted;
    session.console.say("Created environment `" + place->name + "` in " + short_path(place->root.string()));
    return report_changes(session, *place, changes, "Installed");
}

}  // namespace

void add_export(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("export", "Write the active environment as one readable file of exact versions");
    auto output = std::make_shared<std::string>();
    command->add_option("-o,--output", *output, "The file; without it standard output");
    examples(command, {{"kik export -o demo.lock", "crates, versions, checksums, features, toolchain, permissions"},
                       {"kik import demo.lock -n demo", "on another machine"}});
    command->callback(
        [&session, output] { session.action = [&session, output] { return export_environment(session, *output); }; });
}

void add_import(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("import", "Make an environment from an exported file or a kayton.toml");
    auto request = std::make_shared<Import>();
    command->add_option("file", request->file, "What `kik export` wrote, a kayton.lock or a kayton.toml")->required();
    command->add_option("-n,--name", request->name, "The new environment's name, or `local`")->required();
    examples(command, {{"kik import demo.lock -n demo", "exactly the same crates"},
                       {"kik import kayton.toml -n demo", "with kayton.lock beside it, if it is there"},
                       {"kik import demo.lock -n demo -y", "with the permissions it asks for"}});
    command->callback(
        [&session, request] { session.action = [&session, request] { return import_environment(session, *request); }; });
}

}  // namespace kayton::kik
