#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {

Result<Environment> opened_environment() {
    return active_environment();
}

void add_path(CLI::App& app, Session& session) {
    CLI::App* command =
        app.add_subcommand("path", "Print the folder of the active environment, or of an installed crate");
    auto crate = std::make_shared<std::string>();
    command->add_option("crate", *crate, "An installed crate");
    command->callback([&session, crate] {
        session.action = [&session, crate]() -> Result<void> {
            const Result<Environment> environment = opened_environment();
            if (!environment) return tl::unexpected<Error>(environment.error());
            if (crate->empty()) {
                session.console.data(environment->root.string() + "\n");
                return {};
            }
            const InstalledPlugin* plugin = environment->find(*crate);
            if (plugin == nullptr) {
                return fail(ErrorKind::kNotFound, "`" + *crate + "` is not installed in `" + environment->name + "`",
                            "Run: kik rinstall " + *crate);
            }
            session.console.data(plugin->folder.string() + "\n");
            return {};
        };
    });
}

}  // namespace kayton::kik
