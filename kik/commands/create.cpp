#include <memory>
#include <nlohmann/json.hpp>

#include "kik/cargo/bridge.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

Result<void> create(Session& session, const std::string& name) {
    const Result<EnvironmentPlace> place = name == "local" ? new_local_place() : find_environment(name);
    if (!place) return tl::unexpected<Error>(place.error());
    if (session.options.dry_run) {
        session.console.say("Would create environment `" + name + "` in " + short_path(place->root.string()));
        return {};
    }
    const Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (Result<void> created = create_environment(*place); !created) return created;
    session.console.say("Created environment `" + name + "` in " + short_path(place->root.string()));

    const Result<Toolchain> toolchain = environment_toolchain(place->root);
    if (toolchain) {
        session.console.say("Pinned rustc " + toolchain->release + " (" + toolchain->commit.substr(0, 9) + ")");
        // Its libraries too, where they have been made before: nothing is built for an environment without crates.
        const Result<bool> given = provide_kept_bridge(place->root, *toolchain);
        if (!given) session.console.detail(given.error().message);
    } else {
        session.console.warn(toolchain.error().message + "; `kik rinstall` will need one");
        if (!toolchain.error().remedy.empty()) session.console.hint(toolchain.error().remedy);
    }
    if (session.options.json) {
        session.console.data(nlohmann::ordered_json{{"name", name}, {"path", place->root.string()}}.dump(2) + "\n");
    }
    session.console.hint("use it with `kik activate " + name + "`");
    return {};
}

}  // namespace

void add_create(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("create", "Make an environment");
    auto name = std::make_shared<std::string>();
    command->add_option("name", *name, "Its name, or `local` for .kayton in this folder")->required();
    examples(command, {{"kik create demo", "an environment for all projects"},
                       {"kik create local", "this project's own, in .kayton"}});
    command->callback([&session, name] { session.action = [&session, name] { return create(session, *name); }; });
}

}  // namespace kayton::kik
