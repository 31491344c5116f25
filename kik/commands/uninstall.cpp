#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/environment/registry.h"

namespace kayton::kik {
namespace {

Result<void> uninstall(Session& session, const std::vector<std::string>& crates) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    const Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    Registry registry(place->name, place->root);
    if (Result<void> repaired = registry.repair(); !repaired) return repaired;
    for (const std::string& name : crates) {
        std::string crate = name;
        for (char& c : crate) c = c == '-' ? '_' : c;
        if (Result<void> removed = registry.uninstall(crate); !removed) return removed;
        session.console.say(" - " + crate);
    }
    return {};
}

}  // namespace

void add_uninstall(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("uninstall", "Remove crates from the active environment");
    auto crates = std::make_shared<std::vector<std::string>>();
    command->add_option("crate", *crates, "Installed crates")->required();
    command->callback(
        [&session, crates] { session.action = [&session, crates] { return uninstall(session, *crates); }; });
}

}  // namespace kayton::kik
