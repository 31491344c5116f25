#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "kik/cargo/toolchain.h"
#include "kik/commands/command.h"
#include "kik/environment/layout.h"
#include "shared/kayton_api.h"

namespace kayton::kik {
namespace {

using Json = nlohmann::ordered_json;

std::string bracketed(const std::vector<std::string>& features) {
    std::string text;
    for (const std::string& feature : features) text += (text.empty() ? "" : ", ") + feature;
    return text.empty() ? text : " (" + text + ")";
}

Result<void> list_crates(Session& session) {
    const Result<Environment> environment = opened_environment();
    if (!environment) return tl::unexpected<Error>(environment.error());
    const Result<Toolchain> pin = read_pin(environment->root);
    if (!pin && pin.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(pin.error());

    if (session.options.json) {
        Json json;
        json["environment"] = environment->name;
        json["path"] = environment->root.string();
        json["kayton"] = kKaytonVersion;
        json["abi_version"] = KAYTON_PLUGIN_ABI_VERSION;
        json["toolchain"] = nullptr;
        if (pin) json["toolchain"] = {{"rustc", pin->release}, {"commit", pin->commit}, {"host", pin->host}};
        json["crates"] = Json::array();
        for (const InstalledPlugin& plugin : environment->plugins) {
            json["crates"].push_back({{"crate", plugin.crate},
                                      {"package", plugin.package},
                                      {"version", plugin.version},
                                      {"features", plugin.features},
                                      {"instances", plugin.instances},
                                      {"requirement", plugin.requirement},
                                      {"source", plugin.source},
                                      {"target", plugin.target},
                                      {"abi_version", plugin.abi_version}});
        }
        session.console.data(json.dump(2) + "\n");
        return {};
    }

    std::string text = fmt::format("environment  {}  {}\n", environment->name, short_path(environment->root.string()));
    text += fmt::format("kayton       {}, plugin ABI {}\n", kKaytonVersion, KAYTON_PLUGIN_ABI_VERSION);
    text += pin ? fmt::format("toolchain    rustc {} ({}), {}\n", pin->release, pin->commit.substr(0, 9), pin->host)
                : std::string("toolchain    none yet: pinned by the first `kik rinstall`\n");
    size_t width = 0;
    for (const InstalledPlugin& plugin : environment->plugins) width = std::max(width, plugin.crate.size());
    if (!environment->plugins.empty()) text += "\n";
    for (const InstalledPlugin& plugin : environment->plugins) {
        text +=
            fmt::format("{:<{}}  {}{}{}\n", plugin.crate, width, plugin.version, bracketed(plugin.features),
                        plugin.abi_version == KAYTON_PLUGIN_ABI_VERSION
                            ? ""
                            : fmt::format("  built for ABI {}: kik rinstall {}", plugin.abi_version, plugin.package));
    }
    session.console.data(text);
    if (environment->plugins.empty()) session.console.hint("no crates yet; install one with `kik rinstall CRATE`");
    return {};
}

Result<void> list_environments(Session& session) {
    const Result<std::vector<EnvironmentPlace>> places = named_environments();
    if (!places) return tl::unexpected<Error>(places.error());
    const char* variable = std::getenv("KAYTON_ACTIVE_ENV");
    const std::string active = variable != nullptr && *variable != '\0' ? variable : "base";
    std::vector<EnvironmentPlace> shown = *places;
    if (const Result<EnvironmentPlace> local = find_environment("local"); local && is_environment(local->root))
        shown.push_back(*local);
    Json json = Json::array();
    std::string text;
    for (const EnvironmentPlace& place : shown) {
        json.push_back({{"name", place.name}, {"path", place.root.string()}, {"active", place.name == active}});
        text +=
            fmt::format("{} {}  {}\n", place.name == active ? "*" : " ", place.name, short_path(place.root.string()));
    }
    session.console.data(session.options.json ? json.dump(2) + "\n" : text);
    return {};
}

Result<void> list_names(Session& session, bool crates) {
    std::string text;
    if (crates) {
        const Result<Environment> environment = opened_environment();
        if (!environment) return tl::unexpected<Error>(environment.error());
        for (const InstalledPlugin& plugin : environment->plugins) text += plugin.crate + "\n";
    } else {
        const Result<std::vector<EnvironmentPlace>> places = named_environments();
        if (!places) return tl::unexpected<Error>(places.error());
        for (const EnvironmentPlace& place : *places) text += place.name + "\n";
        if (find_environment("local")) text += "local\n";
    }
    session.console.data(text);
    return {};
}

}  // namespace

void add_list(CLI::App& app, Session& session) {
    CLI::App* command = app.add_subcommand("list", "Show the crates of the active environment");
    auto all = std::make_shared<bool>(false);
    auto names = std::make_shared<std::string>();
    command->add_flag("--all", *all, "Show the environments instead");
    // One name a line, nothing else: for completions.
    command->add_option("--names", *names, "")->check(CLI::IsMember({"environments", "crates"}))->group("");
    examples(command, {{"kik list", "the active environment, its toolchain and its crates"},
                       {"kik list --all", "every environment, the active one marked"},
                       {"kik list --json -e demo", "for programs"}});
    command->callback([&session, all, names] {
        session.action = [&session, all, names] {
            if (!names->empty()) return list_names(session, *names == "crates");
            return *all ? list_environments(session) : list_crates(session);
        };
    });
}

}  // namespace kayton::kik
