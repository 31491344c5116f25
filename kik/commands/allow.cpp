// kik allow and kik deny: what the programs of the active environment may touch beyond the default.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "kik/commands/command.h"
#include "kik/environment/durable_file.h"
#include "kik/environment/layout.h"
#include "shared/permissions.h"
#include "shared/text_file.h"

namespace kayton::kik {
namespace {

namespace fs = std::filesystem;

struct Request {
    bool allow = true;
    std::string kind;
    std::vector<std::string> what;
};

Result<void> write_permissions(const fs::path& root, const Permissions& permissions) {
    const fs::path file = root / "metadata" / "env.json";
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(*text, nullptr, false);
    if (!json.is_object()) return fail(ErrorKind::kInput, "`" + file.string() + "` is corrupt");
    nlohmann::ordered_json kept = nlohmann::ordered_json::object();
    for (const std::string_view kind : kPermissionKinds) {
        if (!permissions.of(kind)->empty()) kept[std::string(kind)] = *permissions.of(kind);
    }
    json["permissions"] = std::move(kept);
    return write_durably(file, json.dump(2) + "\n");
}

// As it is kept: paths absolute, "everywhere" for the network without a place.
Result<std::vector<std::string>> as_kept(const Request& request) {
    std::vector<std::string> kept = request.what;
    if (request.kind == "net" && kept.empty()) kept = {kNetEverywhere};
    if (kept.empty()) return fail(ErrorKind::kUsage, "kik allow " + request.kind + " needs at least one value");
    for (std::string& value : kept) {
        if (request.kind == "read" || request.kind == "write") {
            std::error_code error;
            value = fs::absolute(value, error).lexically_normal().string();
            if (request.allow && !fs::exists(value, error)) {
                return fail(ErrorKind::kNotFound, "there is no file or folder `" + value + "`");
            }
        }
    }
    return kept;
}

void show(Session& session, const Permissions& permissions) {
    if (session.options.json) {
        nlohmann::ordered_json json = nlohmann::ordered_json::object();
        for (const std::string_view kind : kPermissionKinds) json[std::string(kind)] = *permissions.of(kind);
        session.console.data(json.dump(2) + "\n");
        return;
    }
    for (const std::string_view kind : kPermissionKinds) {
        for (const std::string& value : *permissions.of(kind)) {
            session.console.data(std::string(kind) + " " + (value == kNetEverywhere ? "(everywhere)" : value) + "\n");
        }
    }
}

Result<void> change(Session& session, const Request& request) {
    const Result<EnvironmentPlace> place = active_place(session.say());
    if (!place) return tl::unexpected<Error>(place.error());
    Result<Lock> lock = lock_environment(*place, session.command, session.say());
    if (!lock) return tl::unexpected<Error>(lock.error());
    Result<Permissions> permissions = read_permissions(place->root);
    if (!permissions) return tl::unexpected<Error>(permissions.error());
    if (request.kind.empty()) {
        show(session, *permissions);
        return {};
    }
    Result<std::vector<std::string>> values = as_kept(request);
    if (!values) return tl::unexpected<Error>(values.error());
    std::vector<std::string>& list = *permissions->of(request.kind);
    for (const std::string& value : *values) {
        const auto known = std::find(list.begin(), list.end(), value);
        if (request.allow && known == list.end()) list.push_back(value);
        if (!request.allow && known == list.end()) {
            return fail(ErrorKind::kNotFound, "`" + place->name + "` has no permission " + request.kind + " " + value,
                        "Run: kik allow, to see those it has");
        }
        if (!request.allow) list.erase(known);
    }
    return write_permissions(place->root, *permissions);
}

void add(CLI::App& app, Session& session, bool allow) {
    CLI::App* command =
        allow ? app.add_subcommand("allow", "Let the environment's programs touch more; alone, lists what they may")
              : app.add_subcommand("deny", "Take a permission back that kik allow gave");
    auto request = std::make_shared<Request>();
    request->allow = allow;
    CLI::Option* kind =
        command->add_option("kind", request->kind, "read, write, net or env")
            ->check(CLI::IsMember(std::vector<std::string>(kPermissionKinds.begin(), kPermissionKinds.end())));
    if (!allow) kind->required();
    command->add_option("what", request->what,
                        "Paths; HOST:PORT, or nothing for the whole network; names of environment variables");
    command->callback(
        [&session, request] { session.action = [&session, request] { return change(session, *request); }; });
}

}  // namespace

void add_allow(CLI::App& app, Session& session) {
    add(app, session, true);
    add(app, session, false);
}

}  // namespace kayton::kik
