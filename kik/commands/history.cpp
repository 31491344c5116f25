// kik history and kik rollback.
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/environment/registry.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;

Result<void> history(Session& session) {
    const Result<Environment> environment = opened_environment();
    if (!environment) return tl::unexpected<Error>(environment.error());
    if (!is_environment(environment->root)) {
        return fail(ErrorKind::kNotFound, "the environment `" + environment->name + "` has not been made yet",
                    "Run: kik create " + environment->name);
    }
    const Result<std::vector<RegistryState>> states = Registry(environment->name, environment->root).history();
    if (!states) return tl::unexpected<Error>(states.error());
    Json json = Json::array();
    std::string text;
    for (size_t i = 0; i < states->size(); ++i) {
        const RegistryState& state = (*states)[i];
        const std::vector<InstalledPlugin> none;
        const std::vector<CrateChange> changes =
            changes_between(i + 1 < states->size() ? (*states)[i + 1].plugins : none, state.plugins);
        Json entry{{"state", state.generation},  {"present", i == 0},  {"time", state.time},
                   {"command", state.command}, {"crates", Json::array()}};
        for (const InstalledPlugin& plugin : state.plugins) {
            entry["crates"].push_back(
                {{"crate", plugin.crate}, {"version", plugin.version}, {"features", plugin.features}});
        }
        json.push_back(std::move(entry));
        text += fmt::format("{} {:>3}  {:<20}  {}\n", i == 0 ? "*" : " ", state.generation, state.time,
                            state.command.empty() ? "created" : "kik " + state.command);
        // What the oldest one changed is no longer known.
        if (i + 1 == states->size()) continue;
        for (const CrateChange& change : changes) text += "      " + change_line(session.console, change) + "\n";
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    if (states->size() > 1) session.console.hint("bring a state back with `kik rollback NUMBER`");
    return {};
}

Result<void> rollback(Session& session, std::optional<int64_t> wanted) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    return with_registry(session, *place, [&](Registry& registry) -> Result<void> {
        const Result<std::vector<RegistryState>> states = registry.history();
        if (!states) return tl::unexpected<Error>(states.error());
        if (!wanted && states->size() < 2) {
            return fail(ErrorKind::kNotFound, "`" + place->name + "` has no earlier state");
        }
        const int64_t generation = wanted ? *wanted : (*states)[1].generation;
        const RegistryState before = states->front();
        std::vector<CrateChange> changes;
        for (const RegistryState& state : *states) {
            if (state.generation == generation) changes = changes_between(before.plugins, state.plugins);
        }
        if (generation == before.generation) {
            session.console.say(fmt::format("`{}` is in state {} already", place->name, generation));
            return {};
        }
        if (!session.options.dry_run) {
            if (Result<void> done = registry.roll_back(generation, session.command); !done) return done;
        }
        return report_changes(session, *place, changes,
                              session.options.dry_run
                                  ? fmt::format("Going back to state {} would change", generation)
                                  : fmt::format("Went back to state {}: changed", generation));
    });
}

}  // namespace

void add_history(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("history", "Show what the active environment held before, newest first");
    examples(command, {{"kik history", "the present state and up to 20 before it"}, {"kik history --json", "for programs"}});
    command->callback([&session] { session.action = [&session] { return history(session); }; });
}

void add_rollback(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("rollback", "Bring back a state that `kik history` shows");
    auto wanted = std::make_shared<std::optional<int64_t>>();
    command->add_option("state", *wanted, "Its number; without it the one before the present");
    examples(command, {{"kik rollback", "undo the last change; again, redo it"},
                       {"kik rollback 3", "the crates of state 3, from what is kept on disk"},
                       {"kik rollback 3 --dry-run", "only say what would change"}});
    command->callback([&session, wanted] { session.action = [&session, wanted] { return rollback(session, *wanted); }; });
}

}  // namespace kayton::kik
