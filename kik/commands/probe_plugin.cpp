#include "kik/cargo/probe.h"
#include "kik/commands/command.h"

namespace kayton::kik {

void add_probe_plugin(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("probe-plugin", "Load a plugin once and print its manifest");
    command->group("");
    auto bridge = std::make_shared<std::string>();
    auto plugin = std::make_shared<std::string>();
    command->add_option("bridge", *bridge)->required();
    command->add_option("plugin", *plugin)->required();
    command->callback([&session, bridge, plugin] {
        session.action = [&session, bridge, plugin]() -> Result<void> {
            const Result<std::string> manifest = load_plugin_here(*bridge, *plugin);
            if (!manifest) return tl::unexpected<Error>(manifest.error());
            session.console.data(*manifest);
            return {};
        };
    });
}

}  // namespace kayton::kik
