#include "kik/cargo/bridge.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

Result<void> create(Session& session, const std::string& name) {
    const Result<EnvironmentPlace> place = name == "local" ? new_local_place() : find_environment(name);
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (Result<void> created = create_environment(*place); !created) return created;
    session.console.say("Created environment `" + name + "` in " + short_path(place->root.string()));

    const Result<Toolchain> toolchain = environment_toolchain(place->root);
    if (toolchain) {
        session.console.say("Pinned rustc " + toolchain->release + " (" + toolchain->commit.substr(0, 9) + ")");
    } else {
        session.console.warn(toolchain.error().message + "; `kik rinstall` will need one");
        if (!toolchain.error().remedy.empty()) session.console.hint(toolchain.error().remedy);
    }
    session.console.hint("use it with `kik activate " + name + "`");
    return {};
}

}  // namespace

void add_create(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("create", "Make an environment");
    auto name = std::make_shared<std::string>();
    command->add_option("name", *name, "Its name, or `local` for .kayton in this folder")->required();
    command->callback([&session, name] { session.action = [&session, name] { return create(session, *name); }; });
}

}  // namespace kayton::kik
