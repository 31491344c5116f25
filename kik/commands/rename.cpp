// kik rename and kik clone.
#include <memory>
#include <optional>
#include <system_error>

#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/environment/registry.h"
#include "kik/environment/whole.h"
#include "kik/jupyter/kernelspec.h"

namespace kayton::kik {
namespace {

struct Request {
    std::string from, to;
};

struct TwoPlaces {
    EnvironmentPlace from, to;
    std::optional<Lock> first, second;
};

// Both locked, always in the same order: two kiks that want the same two must not wait for one another.
Result<TwoPlaces> lock_both(Session& session, const Request& request) {
    Result<EnvironmentPlace> from = find_environment(request.from);
    if (!from) return tl::unexpected<Error>(from.error());
    Result<EnvironmentPlace> to = request.to == "local" ? new_local_place() : find_environment(request.to);
    if (!to) return tl::unexpected<Error>(to.error());
    TwoPlaces places{*from, *to, std::nullopt, std::nullopt};
    std::error_code error;
    if (std::filesystem::weakly_canonical(from->root, error) == std::filesystem::weakly_canonical(to->root, error)) {
        return fail(ErrorKind::kInput, "both names are the same environment");
    }
    const Result<std::filesystem::path> home = kayton_home();
    if (!home) return tl::unexpected<Error>(home.error());
    const bool ordered = lock_file(*home, *from) < lock_file(*home, *to);
    for (const EnvironmentPlace& place : {ordered ? *from : *to, ordered ? *to : *from}) {
        Result<Lock> lock = lock_environment(place, session.command, session.say());
        if (!lock) return tl::unexpected<Error>(lock.error());
        (places.first ? places.second : places.first).emplace(std::move(*lock));
    }
    if (!is_environment(places.from.root)) {
        return fail(ErrorKind::kNotFound, "the environment `" + request.from + "` does not exist",
                    "Run: kik list --all");
    }
    if (std::filesystem::exists(std::filesystem::symlink_status(places.to.root, error))) {
        return fail(ErrorKind::kInput, "`" + places.to.root.string() + "` exists already", "Choose another name");
    }
    return places;
}

Result<void> rename(Session& session, const Request& request) {
    if (request.from == "local" || request.to == "local") {
        return fail(ErrorKind::kInput, "a project's own environment has no name that could change",
                    "Run: kik clone " + request.from + " " + request.to);
    }
    const Result<TwoPlaces> places = lock_both(session, request);
    if (!places) return tl::unexpected<Error>(places.error());
    if (session.options.dry_run) {
        session.console.say("Would rename `" + request.from + "` to `" + request.to + "`");
        return {};
    }
    if (Result<void> repaired = Registry(places->from.name, places->from.root).repair(); !repaired) return repaired;
    if (Result<void> renamed = rename_environment(places->from, places->to); !renamed) return renamed;
    session.console.say("Renamed environment `" + request.from + "` to `" + request.to + "`");
    const size_t moved = move_kernelspecs(places->from.root, places->to);
    if (moved > 0) session.console.say("Pointed " + counted(moved, "kernel") + " at the new place");
    const char* active = std::getenv("KAYTON_ACTIVE_ENV");
    if (active != nullptr && request.from == active) {
        session.console.hint("the old name is still active in this shell: run `kik activate " + request.to + "`");
    }
    return {};
}

Result<void> clone(Session& session, const Request& request) {
    const Result<TwoPlaces> places = lock_both(session, request);
    if (!places) return tl::unexpected<Error>(places.error());
    if (session.options.dry_run) {
        session.console.say("Would copy `" + request.from + "` to `" + request.to + "`");
        return {};
    }
    if (Result<void> repaired = Registry(places->from.name, places->from.root).repair(); !repaired) return repaired;
    if (Result<void> cloned = clone_environment(places->from, places->to); !cloned) return cloned;
    session.console.say("Copied environment `" + request.from + "` to `" + request.to + "` in " +
                        short_path(places->to.root.string()));
    return {};
}

CLI::App* add_two(CLI::App& app, const char* name, const char* what, const std::shared_ptr<Request>& request) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("from", request->from, "The environment that there is")->required();
    command->add_option("to", request->to, "The new name")->required();
    return command;
}

}  // namespace

void add_rename(CLI::App& app, Session& session) {
    auto request = std::make_shared<Request>();
    CLI::App* command = add_two(app, "rename", "Give an environment another name", request);
    examples(command, {{"kik rename demo work", "its crates, permissions and kernels stay as they are"}});
    command->callback([&session, request] { session.action = [&session, request] { return rename(session, *request); }; });
}

void add_clone(CLI::App& app, Session& session) {
    auto request = std::make_shared<Request>();
    CLI::App* command = add_two(app, "clone", "Copy an environment, sharing its files on disk", request);
    examples(command, {{"kik clone demo trial", "a copy that changes on its own"},
                       {"kik clone demo local", "into .kayton of this folder"}});
    command->callback([&session, request] { session.action = [&session, request] { return clone(session, *request); }; });
}

}  // namespace kayton::kik
