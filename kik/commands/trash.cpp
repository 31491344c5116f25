#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "kik/cargo/cache.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/environment/whole.h"

namespace kayton::kik {
namespace {

struct Restore {
    std::string name, as;
};

Result<void> list(Session& session) {
    const Result<std::vector<TrashedEnvironment>> all = trashed_environments();
    if (!all) return tl::unexpected<Error>(all.error());
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    std::string text;
    for (const TrashedEnvironment& trashed : *all) {
        const uint64_t size = tree_size(trashed.folder);
        json.push_back({{"id", trashed.id},
                        {"name", trashed.name},
                        {"place", trashed.place},
                        {"removed", trashed.time},
                        {"bytes", size}});
        text += fmt::format("{}  {}  {}  {}\n", trashed.name, trashed.time, size_text(size), trashed.id);
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    if (all->empty()) session.console.hint("the trash is empty");
    return {};
}

Result<void> restore(Session& session, const Restore& request) {
    const Result<std::vector<TrashedEnvironment>> all = trashed_environments();
    if (!all) return tl::unexpected<Error>(all.error());
    const auto found = std::find_if(all->begin(), all->end(), [&](const TrashedEnvironment& trashed) {
        return trashed.id == request.name || trashed.name == request.name;
    });
    if (found == all->end()) {
        return fail(ErrorKind::kNotFound, "`" + request.name + "` is not in the trash", "Run: kik trash list");
    }
    const std::string name = request.as.empty() ? found->name : request.as;
    Result<EnvironmentPlace> place = EnvironmentPlace{name, found->place};
    if (name != "local" || !request.as.empty()) place = find_environment(name);
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (Result<void> restored = restore_environment(*found, *place); !restored) return restored;
    session.console.say("Restored environment `" + name + "` in " + short_path(place->root.string()));
    return {};
}

Result<void> empty(Session& session) {
    const Result<std::vector<TrashedEnvironment>> all = trashed_environments();
    if (!all) return tl::unexpected<Error>(all.error());
    if (session.options.dry_run) {
        session.console.say("Would delete " + counted(all->size(), "environment") + " for good");
        return {};
    }
    if (!all->empty()) {
        Result<void> confirmed =
            confirm(session, "Delete " + counted(all->size(), "removed environment") + " for good?", "kik trash empty -y");
        if (!confirmed) return confirmed;
    }
    const Result<size_t> count = empty_trash(false);
    if (!count) return tl::unexpected<Error>(count.error());
    session.console.say("Deleted " + counted(*count, "environment") + " for good");
    return {};
}

}  // namespace

void add_trash(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("trash", "Removed environments: show them, bring one back, free the disk");
    command->require_subcommand(1);
    examples(command, {{"kik trash list", "what is in it"},
                       {"kik trash restore demo", "the one removed last under that name"},
                       {"kik trash empty", "for good"}});
    command->add_subcommand("list", "Show removed environments")->callback([&session] {
        session.action = [&session] { return list(session); };
    });
    auto request = std::make_shared<Restore>();
    CLI::App* back = command->add_subcommand("restore", "Bring an environment back");
    back->add_option("name", request->name, "Its name, or its id from `kik trash list`")->required();
    back->add_option("--as", request->as, "Under another name");
    back->callback([&session, request] { session.action = [&session, request] { return restore(session, *request); }; });
    command->add_subcommand("empty", "Delete all of them for good")->callback([&session] {
        session.action = [&session] { return empty(session); };
    });
}

}  // namespace kayton::kik
