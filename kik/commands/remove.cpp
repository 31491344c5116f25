#include <fmt/format.h>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/cargo/cache.h"
#include "kik/commands/changes.h"
#include "kik/commands/command.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "kik/environment/whole.h"

namespace kayton::kik {
namespace {

struct Request {
    std::string name;
    bool purge = false;
};

Result<EnvironmentPlace> place_to_remove(const std::string& name) {
    if (name != "local") return find_environment(name);
    // Only the folder one stands in: not a `.kayton` of some folder above.
    return new_local_place();
}

Result<void> remove(Session& session, const Request& request) {
    const std::string& name = request.name;
    std::error_code error;
    // A path is no name; and a folder of that name where one stands may be what was meant.
    const bool path = name.find('/') != std::string::npos;
    const Result<EnvironmentPlace> place = path ? EnvironmentPlace{name, name} : place_to_remove(name);
    if (!place) return tl::unexpected<Error>(place.error());
    if (!std::filesystem::exists(place->root, error) || path) {
        if (path || std::filesystem::is_directory(name, error)) {
            return fail(ErrorKind::kInput,
                        "`" + (path ? name : "./" + name) + "` is not a Kayton environment (no `metadata/env.json`)",
                        "Give the name of an environment; `kik list --all` shows them");
        }
        return fail(ErrorKind::kNotFound, "the environment `" + name + "` does not exist", "Run: kik list --all");
    }
    if (!is_environment(place->root)) {
        return fail(ErrorKind::kInput,
                    "`" + place->root.string() + "` is not a Kayton environment (no `metadata/env.json`)");
    }
    const Result<Environment> environment = open_environment(place->name, place->root);
    const size_t crates = environment ? environment->plugins.size() : 0;
    if (session.options.dry_run) {
        session.console.say("Would remove environment `" + name + "` (" + counted(crates, "crate") + ") in " +
                            short_path(place->root.string()));
        return {};
    }
    if (Result<void> confirmed = confirm(session,
                                         "Remove environment `" + name + "` (" + counted(crates, "crate") + ") in " +
                                             short_path(place->root.string()) + "?",
                                         "kik remove -y " + name);
        !confirmed) {
        return confirmed;
    }
    const Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    if (!is_environment(place->root)) {
        return fail(ErrorKind::kNotFound, "another kik has removed `" + name + "` meanwhile");
    }
    const Result<std::optional<TrashedEnvironment>> trashed = trash_environment(*place);
    if (!trashed) return tl::unexpected<Error>(trashed.error());
    nlohmann::ordered_json json{{"removed", name}, {"trash", nullptr}};
    session.console.say("Removed environment `" + name + "`");
    if (*trashed && request.purge) {
        if (Result<void> removed = remove_tree((*trashed)->folder); !removed) return removed;
        std::filesystem::remove((*trashed)->folder.string() + ".json", error);
    } else if (*trashed) {
        json["trash"] = (*trashed)->id;
        session.console.hint(fmt::format("`kik trash restore {}` brings it back; `kik trash empty` frees the disk", name));
    }
    if (Result<size_t> old = empty_trash(true); !old) session.console.detail(old.error().message);
    if (session.options.json) session.console.data(json.dump(2) + "\n");
    const char* active = std::getenv("KAYTON_ACTIVE_ENV");
    if (active != nullptr && name == active)
        session.console.hint("it is still active in this shell: run `kik deactivate`");
    return {};
}

}  // namespace

void add_remove(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("remove", "Remove an environment with all its crates");
    auto request = std::make_shared<Request>();
    command->add_option("name", request->name, "Its name, or `local` for .kayton in this folder")->required();
    command->add_flag("--purge", request->purge, "For good: nothing is kept in the trash");
    examples(command, {{"kik remove demo", "asks, then moves it to the trash"},
                       {"kik remove -y demo", "without asking"},
                       {"kik trash restore demo", "brings it back"}});
    command->callback([&session, request] { session.action = [&session, request] { return remove(session, *request); }; });
}

}  // namespace kayton::kik
