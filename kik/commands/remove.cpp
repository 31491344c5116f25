#include <unistd.h>
#include <iostream>

#include "kik/commands/command.h"
#include "kik/environment/layout.h"

namespace kayton::kik {
namespace {

Result<void> confirm(const Session& session, const EnvironmentPlace& place) {
    if (session.options.yes) return {};
    if (::isatty(STDIN_FILENO) != 1) {
        return fail(ErrorKind::kInput, "`kik remove` asks before it removes, and there is no terminal to ask on",
                    "Run: kik remove -y " + place.name);
    }
    const Result<Environment> environment = open_environment(place.name, place.root);
    const size_t crates = environment ? environment->plugins.size() : 0;
    std::cerr << "Remove environment `" << place.name << "` (" << counted(crates, "crate") << ") in "
              << short_path(place.root.string()) << "? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return {};
    return fail(ErrorKind::kInput, "nothing was removed");
}

Result<EnvironmentPlace> place_to_remove(const std::string& name) {
    if (name != "local") return find_environment(name);
    // Only the folder one stands in: not a `.kayton` of some folder above.
    return new_local_place();
}

Result<void> remove(Session& session, const std::string& name) {
    if (name.find('/') != std::string::npos) {
        return fail(ErrorKind::kInput, "`" + name + "` is not a Kayton environment (no `metadata/env.json`)",
                    "Give the name of an environment; `kik list --all` shows them");
    }
    const Result<EnvironmentPlace> place = place_to_remove(name);
    if (!place) return tl::unexpected<Error>(place.error());
    std::error_code error;
    if (std::filesystem::exists(place->root, error) && !is_environment(place->root)) {
        return fail(ErrorKind::kInput,
                    "`" + place->root.string() + "` is not a Kayton environment (no `metadata/env.json`)");
    }
    if (!std::filesystem::exists(place->root, error)) {
        return fail(ErrorKind::kNotFound, "the environment `" + name + "` does not exist", "Run: kik list --all");
    }
    if (Result<void> confirmed = confirm(session, *place); !confirmed) return confirmed;
    const Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (Result<void> removed = remove_environment(*place); !removed) return removed;
    session.console.say("Removed environment `" + name + "`");
    const char* active = std::getenv("KAYTON_ACTIVE_ENV");
    if (active != nullptr && name == active)
        session.console.hint("it is still active in this shell: run `kik deactivate`");
    return {};
}

}  // namespace

void add_remove(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("remove", "Remove an environment with all its crates");
    auto name = std::make_shared<std::string>();
    command->add_option("name", *name, "Its name, or `local`")->required();
    command->callback([&session, name] { session.action = [&session, name] { return remove(session, *name); }; });
}

}  // namespace kayton::kik
