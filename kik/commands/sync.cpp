#include <fmt/format.h>
#include <memory>
#include <system_error>

#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/project/locking.h"

namespace kayton::kik {
namespace {

// What a plan comes to, for saying so: versions are the lock's.
std::vector<CrateChange> changes_of(const SyncPlan& plan) {
    std::vector<InstalledPlugin> after = plan.kept;
    for (const LockedCrate* crate : plan.wanted) {
        InstalledPlugin plugin;
        plugin.crate = crate->crate;
        plugin.version = crate->version;
        plugin.features = crate->spec.features;
        plugin.instances = crate->spec.instances;
        after.push_back(std::move(plugin));
    }
    return changes_between(plan.before, after);
}

Result<void> sync(Session& session, bool check) {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    const std::filesystem::path file = find_project_file(here);
    std::filesystem::path target = file.empty() ? here / kLockFile : file.parent_path() / kLockFile;
    if (file.empty() && !std::filesystem::exists(target, error)) {
        return fail(ErrorKind::kNotFound,
                    "neither `" + here.string() + "` nor a folder above it has a `kayton.toml`",
                    "write one, or run `kik lock` to write what the active environment holds");
    }
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Lock> held = lock_environment(*place, session.command, session.say());
    if (!held) return tl::unexpected<Error>(held.error());

    Result<LockFile> lock = read_lock_file(target);
    if (!lock && lock.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(lock.error());
    Installer installer(*place, session.command, session.console);
    if (!file.empty()) {
        const Result<ProjectFile> project = read_project_file(file);
        if (!project) return tl::unexpected<Error>(project.error());
        const std::string stale = lock ? staleness(*project, *lock) : "there is no kayton.lock";
        if (!stale.empty()) {
            if (check || session.options.locked) {
                return fail(ErrorKind::kInput, "kayton.lock is not what kayton.toml asks for: " + stale,
                            "Run: kik lock");
            }
            lock = lock_project(installer, *place, *project, lock ? &*lock : nullptr, {});
            if (!lock) return tl::unexpected<Error>(lock.error());
            if (!session.options.dry_run) {
                if (Result<void> written = write_durably(target, lock_file_text(*lock)); !written) return written;
                session.console.say("Locked " + counted(lock->crates.size(), "crate") + " in " +
                                    short_path(target.string()));
            }
        }
    }
    return unchanged_on_failure(*place, [&]() -> Result<void> {
        if (!check && !session.options.dry_run) {
            if (Result<void> repaired = installer.registry().repair(); !repaired) return repaired;
        }
        const Result<SyncPlan> plan = plan_sync(installer.registry(), *lock);
        if (!plan) return tl::unexpected<Error>(plan.error());
        const std::vector<CrateChange> changes = changes_of(*plan);
        if (check) {
            if (plan->nothing_to_do()) {
                session.console.say("`" + place->name + "` is what kayton.lock says");
                return {};
            }
            std::string lines;
            for (const CrateChange& change : changes) lines += "\n " + change_line(session.console, change);
            return fail(ErrorKind::kInput, "`" + place->name + "` is not what kayton.lock says:" + lines,
                        "Run: kik sync");
        }
        if (session.options.dry_run) return report_changes(session, *place, changes, "Would change");
        if (!plan->nothing_to_do()) {
            Result<void> done =
                apply_sync(installer, *place, *lock, *plan, session.command, session.console);
            if (!done) return done;
        }
        if (Result<void> granted = grant_permissions(session, *place, lock->permissions, "kayton.toml"); !granted)
            return granted;
        if (plan->nothing_to_do() && !session.options.json) {
            session.console.say(fmt::format("`{}` has all {} of kayton.lock: nothing to do", place->name,
                                            counted(lock->crates.size(), "crate")));
            return {};
        }
        return report_changes(session, *place, changes, "Changed");
    });
}

}  // namespace

void add_sync(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("sync", "Make the active environment exactly what kayton.lock says");
    auto check = std::make_shared<bool>(false);
    command->add_flag("--check", *check, "Only tell whether it is: exit 1 if not");
    examples(command, {{"kik sync", "locks first where kayton.toml has changed"},
                       {"kik sync --locked", "fails where it has"},
                       {"kik sync --check", "for CI: changes nothing"},
                       {"kik sync --offline", "from the cache and vendored sources"}});
    command->callback([&session, check] { session.action = [&session, check] { return sync(session, *check); }; });
}

}  // namespace kayton::kik
