#include <algorithm>
#include <memory>

#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/commands/projects.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

Result<void> uninstall(Session& session, std::vector<std::string> crates) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    for (std::string& crate : crates) std::replace(crate.begin(), crate.end(), '-', '_');
    return with_registry(session, *place, [&](Registry& registry) -> Result<void> {
        const Result<RegistryState> before = registry.read();
        if (!before) return tl::unexpected<Error>(before.error());
        std::vector<InstalledPlugin> rest = before->plugins;
        std::erase_if(rest, [&](const InstalledPlugin& plugin) {
            return std::find(crates.begin(), crates.end(), plugin.crate) != crates.end();
        });
        if (session.options.dry_run) {
            return report_changes(session, *place, changes_between(before->plugins, rest), "Would remove");
        }
        if (Result<void> done = registry.uninstall(crates, session.command); !done) return done;
        std::vector<std::string> packages;
        for (const std::string& crate : crates) packages.push_back(before->find(crate)->package);
        follow_in_project(session, *place, {}, packages);
        return report_changes(session, *place, changes_between(before->plugins, rest), "Removed");
    });
}

}  // namespace

void add_uninstall(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("uninstall", "Remove crates from the active environment");
    auto crates = std::make_shared<std::vector<std::string>>();
    command->add_option("crate", *crates, "Installed crates")->required();
    examples(command, {{"kik uninstall regex", "one crate"},
                       {"kik uninstall regex semver", "several, all or none"},
                       {"kik rollback", "and back again"}});
    command->callback(
        [&session, crates] { session.action = [&session, crates] { return uninstall(session, *crates); }; });
}

}  // namespace kayton::kik
