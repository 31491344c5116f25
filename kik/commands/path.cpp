#include <algorithm>
#include <nlohmann/json.hpp>

#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {

Result<Environment> opened_environment() {
    Result<Environment> environment = active_environment();
    if (!environment || !is_environment(environment->root)) return environment;
    if (const Result<EnvironmentRecord> record = read_record(environment->root); !record)
        return tl::unexpected<Error>(record.error());
    return environment;
}

void add_path(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("path", "Print the folder of the active environment, or of an installed crate");
    auto crate = std::make_shared<std::string>();
    command->add_option("crate", *crate, "An installed crate");
    examples(command, {{"kik path", "the environment's folder"}, {"kik path regex", "the plugin's folder"}});
    command->callback([&session, crate] {
        session.action = [&session, crate]() -> Result<void> {
            const Result<Environment> environment = opened_environment();
            if (!environment) return tl::unexpected<Error>(environment.error());
            const auto print = [&](const std::filesystem::path& path) {
                session.console.data(session.options.json ? nlohmann::json{{"path", path.string()}}.dump(2) + "\n"
                                                          : path.string() + "\n");
            };
            if (crate->empty()) {
                print(environment->root);
                return {};
            }
            std::string name = *crate;
            std::replace(name.begin(), name.end(), '-', '_');
            const InstalledPlugin* plugin = environment->find(name);
            if (plugin == nullptr) return not_installed(*crate, environment->name);
            print(plugin->folder);
            return {};
        };
    });
}

}  // namespace kayton::kik
