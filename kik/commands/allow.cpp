// kik allow and kik deny: what the programs of the active environment may touch beyond the default.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "kik/project/project_file.h"
#include "shared/permissions.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

struct Request {
    bool allow = true;
    std::string kind;
    std::vector<std::string> what;
};

std::vector<std::string> kinds() {
    std::vector<std::string> names(kPermissionKinds.begin(), kPermissionKinds.end());
    names.emplace_back("build");
    return names;
}

Result<void> make_absolute(std::string& path, bool must_exist) {
    std::error_code error;
    path = fs::absolute(path, error).lexically_normal().string();
    if (must_exist && !fs::exists(path, error)) {
        return fail(ErrorKind::kNotFound, "there is no file or folder `" + path + "`");
    }
    return {};
}

// As it is kept: paths absolute, "everywhere" for the network without a place.
Result<std::vector<std::string>> as_kept(const Request& request) {
    std::vector<std::string> kept = request.what;
    if (request.kind == "net" && kept.empty()) kept = {kNetEverywhere};
    if (kept.empty()) {
        return fail(ErrorKind::kUsage,
                    std::string(request.allow ? "kik allow " : "kik deny ") + request.kind + " needs at least one value",
                    "`kik allow` lists what is allowed");
    }
    for (std::string& value : kept) {
        Result<void> made;
        const bool program_file = request.kind == "run" && value.find('/') != std::string::npos;
        if (request.kind == "read" || request.kind == "write" || program_file) {
            made = make_absolute(value, request.allow);
        } else if (request.kind == "build" && (value.rfind("read=", 0) == 0 || value.rfind("write=", 0) == 0)) {
            const size_t equals = value.find('=') + 1;
            std::string path = value.substr(equals);
            made = make_absolute(path, request.allow);
            value = value.substr(0, equals) + path;
        } else if (request.kind == "build" && value != "net" && value != "all") {
            return fail(ErrorKind::kUsage, "`" + value + "` is nothing that builds can be allowed",
                        "Write it like kik allow build net, or kik allow build read=PATH, write=PATH, all");
        }
        if (!made) return tl::unexpected<Error>(made.error());
    }
    return kept;
}

void show(Session& session, PermissionLists lists) {
    if (session.options.json) {
        nlohmann::ordered_json json = nlohmann::ordered_json::object();
        for (const std::string& kind : kinds()) json[kind] = lists[kind];
        session.console.data(json.dump(2) + "\n");
        return;
    }
    for (const std::string& kind : kinds()) {
        for (const std::string& value : lists[kind]) {
            session.console.data(kind + " " + (value == kNetEverywhere ? "(everywhere)" : value) + "\n");
        }
    }
}

Result<void> change(Session& session, const Request& request) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    if (request.kind.empty()) {
        const Result<PermissionLists> lists = environment_permissions(place->root);
        if (!lists) return tl::unexpected<Error>(lists.error());
        show(session, *lists);
        const bool none = std::all_of(lists->begin(), lists->end(), [](const auto& list) { return list.second.empty(); });
        if (none) session.console.hint("nothing beyond the default; `kik allow --help` shows what there is");
        return {};
    }
    Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    Result<PermissionLists> lists = environment_permissions(place->root);
    if (!lists) return tl::unexpected<Error>(lists.error());
    Result<std::vector<std::string>> values = as_kept(request);
    if (!values) return tl::unexpected<Error>(values.error());
    std::vector<std::string>& list = (*lists)[request.kind];
    std::vector<std::string> lines;
    for (const std::string& value : *values) {
        const auto known = std::find(list.begin(), list.end(), value);
        if (request.allow && known == list.end()) list.push_back(value);
        if (!request.allow && known == list.end()) {
            return fail(ErrorKind::kNotFound, "`" + place->name + "` has no permission " + request.kind + " " + value,
                        "`kik allow` lists those it has");
        }
        if (!request.allow) list.erase(known);
        const std::string shown = request.kind + " " + (value == kNetEverywhere ? "(everywhere)" : value);
        lines.push_back(request.allow ? "Allowed in `" + place->name + "`: " + shown
                                      : "No longer allowed in `" + place->name + "`: " + shown);
    }
    if (session.options.dry_run) {
        show(session, *lists);
        return {};
    }
    if (Result<void> written = write_permission_lists(place->root, *lists); !written) return written;
    for (const std::string& line : lines) session.console.say(line);
    if (session.options.json) show(session, *lists);
    return {};
}

void add(CLI::App& app, Session& session, bool allow) {
    CLI::App* command =
        allow ? app.add_subcommand("allow", "Let the environment's programs touch more; alone, lists what they may")
              : app.add_subcommand("deny", "Take a permission back that kik allow gave");
    auto request = std::make_shared<Request>();
    request->allow = allow;
    CLI::Option* kind =
        command->add_option("kind", request->kind, "read, write, net, env, run, or build for what builds of crates may do")
            ->check(CLI::IsMember(kinds()));
    if (!allow) kind->required();
    command->add_option("what", request->what,
                        "Paths; HOST:PORT, or nothing for the whole network; names of environment variables; programs");
    if (allow) {
        examples(command, {{"kik allow", "lists what there is"},
                           {"kik allow read /data", "programs may read a folder"},
                           {"kik allow net api.example.com:443", "and reach a server"},
                           {"kik allow build net", "build scripts of crates may use the network"}});
    } else {
        examples(command, {{"kik deny net api.example.com:443", "with the words that allowed it"}});
    }
    command->callback(
        [&session, request] { session.action = [&session, request] { return change(session, *request); }; });
}

}  // namespace

void add_allow(CLI::App& app, Session& session) {
    add(app, session, true);
    add(app, session, false);
}

}  // namespace kayton::kik
